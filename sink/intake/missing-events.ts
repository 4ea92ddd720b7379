import type { Logger } from '../../core/index.ts'
import { safeError } from '../../core/index.ts'
import type { AdminLine } from '../../kafka/index.ts'
import type { Registry } from '../../schemas/index.ts'
import { retryWhileUnavailable } from '../retry-while-unavailable.ts'

export interface MissingEventsOptions {
  readonly eventNames: readonly string[]
  readonly topicPrefix: string
  readonly line: AdminLine
  readonly registry: Pick<Registry, 'subjects'>
  readonly log: Logger
}

/**
 * Logs once which of the named events have no topic or no subject yet. They are waited for,
 * and a name that is mistyped would be waited for in silence.
 * @returns what ends it
 */
export function warnAboutMissingEvents(options: MissingEventsOptions): () => void {
  const ended = new AbortController()
  // It is for the reader of the log alone: what cannot be asked is found out by who needs it.
  look(options, ended.signal).catch(error =>
    options.log.debug({ err: safeError(error) }, 'topics and subjects of the named events could not be looked up')
  )
  return () => ended.abort()
}

async function look({ eventNames, topicPrefix, line, registry, log }: MissingEventsOptions, signal: AbortSignal) {
  const known = await retryWhileUnavailable(signal, log, async () => ({
    topics: await line.ask(admin => admin.topics()),
    subjects: new Set((await registry.subjects()).names)
  }))
  if (!known || signal.aborted) return
  const withoutTopic = eventNames.filter(name => !known.topics.has(topicPrefix + name))
  const withoutSubject = eventNames.filter(name => !known.subjects.has(`${topicPrefix}${name}-value`))
  if (withoutTopic.length + withoutSubject.length === 0) return
  log.warn({ withoutTopic, withoutSubject }, 'named events have no topic or subject yet; waiting for them')
}
