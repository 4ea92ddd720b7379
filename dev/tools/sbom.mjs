// `npm run sbom`: what is installed with eventtrail, as a bill of materials in CycloneDX and as a list of licenses.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const folder = join(root, 'sbom')

/** Licenses that a package which is installed with eventtrail may have. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0']

/** Optional peers that the image has. */
const inImage = ['nodemailer', '@opensearch-project/opensearch', 'aws4fetch', 'hyparquet', 'hyparquet-writer']

const bill = billOf(JSON.parse(npmSbom()))
const refused = bill.components.filter(each => !allowed.includes(licenseOf(each)))
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'eventtrail.cdx.json'), `${JSON.stringify(bill, undefined, 2)}\n`)
writeFileSync(join(folder, 'licenses.md'), licensesOf(bill))
process.stdout.write(`${bill.components.length} packages, written to sbom/eventtrail.cdx.json and sbom/licenses.md\n`)
for (const { name, version, ...each } of refused) {
  process.stderr.write(
    `${name} ${version} has the license ${licenseOf(each)}, which is not in the list of dev/tools/sbom.mjs\n`
  )
  process.exitCode = 1
}

function npmSbom() {
  // Without `--omit dev`: npm then also leaves out what a dependency and our own tools need both.
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--workspaces=false', '--sbom-type=library']
  return execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
}

/** What is reached from the dependencies of the package, and nothing of what a clone needs besides. */
function billOf(all) {
  const next = new Map(all.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]))
  const top = all.metadata.component['bom-ref']
  const nameOf = ref => ref.slice(0, ref.lastIndexOf('@'))
  const wanted = [...Object.keys(manifest.dependencies), ...inImage]
  const ours = (next.get(top) ?? []).filter(ref => wanted.includes(nameOf(ref)))
  const reached = new Set(ours)
  for (const ref of reached) for (const other of next.get(ref) ?? []) reached.add(other)
  return {
    ...all,
    metadata: { ...all.metadata, component: { ...all.metadata.component, name: manifest.name } },
    components: all.components
      .filter(each => reached.has(each['bom-ref']))
      .map(each => ({
        ...each,
        ...(inImage.includes(each.name) && { scope: 'optional' }),
        properties: (each.properties ?? []).filter(({ name }) => !/:(development|path)$/.test(name)),
        licenses: each.licenses ?? licenseFile(each.name)
      })),
    dependencies: [{ ref: top, dependsOn: ours }, ...all.dependencies.filter(({ ref }) => reached.has(ref))]
  }
}

/** Of a package whose package.json names none: by the first line of its license. */
function licenseFile(name) {
  const where = join(root, 'node_modules', name)
  const file = existsSync(where) ? readdirSync(where).find(each => /^licen[cs]e/i.test(each)) : undefined
  const [first = ''] = file === undefined ? [] : readFileSync(join(where, file), 'utf8').trim().split('\n')
  return /^(The )?MIT License/.test(first) ? [{ license: { id: 'MIT' } }] : undefined
}

function licenseOf({ licenses = [] }) {
  return licenses.map(({ license, expression }) => expression ?? license.id ?? license.name).join(' and ') || 'unknown'
}

function licensesOf({ components }) {
  const rows = components.map(each => `| ${each.name} | ${each.version} | ${licenseOf(each)} |`).sort()
  return `# Licenses\n\nPackages that are installed with ${manifest.name} ${manifest.version}.\n\n| package | version | license |\n|---|---|---|\n${rows.join('\n')}\n`
}
