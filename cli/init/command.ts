import { createRequire } from 'node:module'
import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes } from '../command.ts'
import { packedClone } from './clone.ts'
import { projectFiles, writeProject } from './project.ts'

const nextCommands = [
  'npm install && npm run setup   # tables in Postgres, the schema in the registry, the topic in Kafka',
  'npm run sink                   # writes every event to the trail; leave it running',
  'npm start                      # in another terminal: POST /orders publishes your first event'
]

/** `eventtrail init`. */
export function initCommands(program: Command, host: CommandHost): void {
  host
    .connect(program.command('init'))
    .description('write a first event of your own, and a small service that publishes and handles it')
    .argument('[folder]', 'folder of the new service', '.')
    .addHelpText('after', '\nNo file is overwritten. An existing package.json is completed.')
    .action(host.action((context, folder: string) => init(context, folder)))
}

async function init({ out, say }: CommandContext, folder: string): Promise<ExitCode> {
  const { version, devDependencies } = manifest()
  const clone = packedClone(folder, version)
  const files = await projectFiles(folder, {
    eventtrail: clone?.dependency ?? `^${version}`,
    // Those that this eventtrail was tested with.
    typescript: `^${devDependencies.typescript}`,
    nodeTypes: `^${devDependencies['@types/node']}`
  })
  writeProject(folder, files)
  for (const path of [...files.keys()].sort()) out(`wrote ${path}`)
  const way = relative(process.cwd(), resolve(folder))
  say(`Next, in ${way || 'this folder'} (its README.md says which servers are needed, and how to start them):`)
  // A package.json that was there may name another eventtrail.
  if (clone && files.get('package.json')?.includes(JSON.stringify(clone.dependency)))
    say(`  ${clone.command}   # this eventtrail is a clone: this packs it for the project`)
  for (const line of nextCommands) say(`  ${line}`)
  return exitCodes.ok
}

const manifest = () =>
  createRequire(import.meta.url)('eventtrail/package.json') as {
    version: string
    devDependencies: Readonly<Record<string, string>>
  }
