// Run by types.test.ts in a project that uses eventtrail: node check-types.mjs <compiler> <tsconfig.json>…
// Prints what the compiler says of the files of the project and of eventtrail, for each configuration, and how many
// declarations of eventtrail it has looked at. `tsc` also checks those of Node and of JavaScript: nine tenths of the lines.
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [compiler = '', ...configs] = process.argv.slice(2)
const ts = createRequire(join(process.cwd(), 'package.json'))(compiler)
const ofOthers = /\/node_modules\/(?!eventtrail\/)/
const paths = {
  getCanonicalFileName: name => name,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => '\n'
}

for (const config of configs) {
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(config, {}, ts.sys)
  const program = ts.createProgram(fileNames, options)
  const files = program.getSourceFiles().filter(({ fileName }) => !ofOthers.test(fileName))
  const found = files.flatMap(file => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
    ...program.getDeclarationDiagnostics(file)
  ])
  const all = [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...found]
  for (const diagnostic of all) process.stdout.write(`${config}: ${ts.formatDiagnostic(diagnostic, paths)}`)
  const packed = files.filter(({ fileName }) => fileName.includes('/node_modules/eventtrail/')).length
  process.stdout.write(`${config}: ${packed} declarations\n`)
}
