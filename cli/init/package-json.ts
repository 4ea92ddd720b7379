import { basename, resolve } from 'node:path'
import { isObject, UsageError } from '../../core/index.ts'

/** Versions that a first project is written with. */
export interface PackageVersions {
  readonly eventtrail: string
  readonly typescript: string
  readonly nodeTypes: string
}

type Manifest = Readonly<Record<string, unknown>>

const config = '--config eventtrail.json'
// With exec, npm's SIGTERM reaches the program: a shell in between ends alone and leaves it running.
const scripts = {
  setup: `eventtrail migrate ${config} && eventtrail schemas register ${config}`,
  generate: `eventtrail schemas generate ${config} --out src/events.ts`,
  sink: `exec eventtrail sink ${config}`,
  start: 'exec node src/service.ts',
  types: 'tsc --noEmit'
}

/**
 * The package.json of a first project: a new one, or the one that is there with what it lacks. A version of eventtrail
 * that is installed stays. `"type": "commonjs"`, which `npm init -y` writes, becomes "module" where no code is yet.
 * @param hasCode whether the file that the package.json names as its main one exists
 * @throws UsageError where the one that is there has something else in these places
 */
export function packageJson(
  existing: Manifest | undefined,
  folder: string,
  hasCode: boolean,
  versions: PackageVersions
): string {
  const { eventtrail, typescript, nodeTypes } = versions
  const manifest = existing ?? { name: nameOf(folder), version: '0.0.0', private: true }
  if (manifest.type !== undefined && manifest.type !== 'module' && (manifest.type !== 'commonjs' || hasCode))
    throw new UsageError(
      `the package.json of ${folder} says "type": ${JSON.stringify(manifest.type)}, and the service is an ES module: run \`npm pkg set type=module\` and then this again, or choose an empty folder`
    )
  const own = partOf(manifest, 'scripts')
  const taken = Object.keys(scripts).filter(name => own[name] !== undefined)
  if (taken.length > 0)
    throw new UsageError(`the package.json of ${folder} has scripts called ${taken.join(', ')}: nothing was written`)
  const whole = {
    ...manifest,
    type: 'module',
    scripts: { ...own, ...scripts },
    dependencies: { eventtrail, ...partOf(manifest, 'dependencies') },
    devDependencies: { '@types/node': nodeTypes, typescript, ...partOf(manifest, 'devDependencies') }
  }
  return `${JSON.stringify(whole, null, 2)}\n`
}

function partOf(manifest: Manifest, name: string): Manifest {
  const part = manifest[name]
  return isObject(part) ? part : {}
}

/** A name that npm takes. */
const nameOf = (folder: string): string =>
  basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '') || 'orders'
