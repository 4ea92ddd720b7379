import type { Versions } from '../../stack/index.ts'
import { table } from '../../tools/index.ts'

/** What one row of the matrix came to. */
export interface VersionRun extends Versions {
  readonly at: string
  /** Of the clone; `+` where it had changes that are in no commit. */
  readonly commit: string
  /** Major versions. */
  readonly java?: { readonly kafka: number; readonly registry: number } | undefined
  readonly passed: number
  /** Tests, and files that could not run any. */
  readonly failed: number
  readonly minutes: number
}

/** The table of docs/versions.md. */
export function versionsTable(runs: readonly VersionRun[]): string {
  const rows = runs.map(run => [
    run.kafka,
    run.registry,
    run.postgres,
    run.failed === 0 ? `all ${run.passed}` : `${run.passed} of ${run.passed + run.failed}`,
    javaInWords(run),
    `${run.minutes.toFixed(1)} min`,
    run.at.slice(0, 10),
    `\`${run.commit}\``
  ])
  return `${table(['Kafka', 'Apicurio Registry', 'Postgres', 'tests passed', 'Java', 'took', 'day', 'commit'], rows)}\n`
}

function javaInWords({ java }: VersionRun): string {
  if (!java) return ''
  return java.kafka === java.registry ? `${java.kafka}` : `${java.kafka}, registry ${java.registry}`
}
