import { UsageError } from '../../../core/index.ts'
import type { Versions } from '../types.ts'
import { versions } from './settings.ts'

const servers = Object.keys(versions) as (keyof Versions)[]

/** The environment variable that names the version of a server. */
export const versionVariable = (server: keyof Versions): string => `EVENTTRAIL_${server.toUpperCase()}_VERSION`

/**
 * Versions of the servers that the embedded stack starts: those of EVENTTRAIL_KAFKA_VERSION,
 * EVENTTRAIL_REGISTRY_VERSION and EVENTTRAIL_POSTGRES_VERSION, each by default the one in `settings.ts`.
 * @throws UsageError
 */
export function chosenVersions(env: Readonly<Record<string, string | undefined>> = process.env): Versions {
  const chosen = servers.map(server => {
    const variable = versionVariable(server)
    const given = env[variable] || versions[server]
    const form = server === 'postgres' ? /^\d+\.\d+$/ : /^\d+\.\d+\.\d+$/
    if (!form.test(given)) throw new UsageError(`${variable} must be a version like ${versions[server]}, got ${given}`)
    return [server, given] as const
  })
  return Object.fromEntries(chosen) as Versions
}

/** Whether these are the versions that the stack has without any choice. */
export const areUsual = (chosen: Versions): boolean => servers.every(server => chosen[server] === versions[server])

/** `Kafka 4.4.0, Apicurio Registry 3.0.9, Postgres 18.4` */
export const versionsInWords = ({ kafka, registry, postgres }: Versions): string =>
  `Kafka ${kafka}, Apicurio Registry ${registry}, Postgres ${postgres}`

/** Java that a version of the registry needs at least. */
export const javaForRegistry = (version: string): number => (version.startsWith('3.0.') ? 17 : 21)
