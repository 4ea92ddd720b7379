import type { Logger } from '../../core/index.ts'
import { safeError } from '../../core/index.ts'
import type { Registry } from '../../schemas/index.ts'
import { retryWhileUnavailable } from '../retry-while-unavailable.ts'

export interface MissingEventsOptions {
  readonly eventNames: readonly string[]
  readonly topicPrefix: string
  readonly registry: Pick<Registry, 'subjects'>
  readonly log: Logger
}

/**
 * Logs once which of the named events have no subject yet: a mistyped name would be waited for in silence. Topics that
 * are missing are in the report on topics.
 * @returns what ends it
 */
export function warnAboutMissingEvents(options: MissingEventsOptions): () => void {
  const ended = new AbortController()
  // For readers of the log alone: where the registry cannot be queried, whatever needs it reports that.
  look(options, ended.signal).catch(error =>
    options.log.debug({ err: safeError(error) }, 'subjects of the named events could not be looked up')
  )
  return () => ended.abort()
}

async function look({ eventNames, topicPrefix, registry, log }: MissingEventsOptions, signal: AbortSignal) {
  const known = await retryWhileUnavailable(signal, log, () => registry.subjects())
  if (!known || signal.aborted) return
  const subjects = new Set(known.names)
  const events = eventNames.filter(name => !subjects.has(`${topicPrefix}${name}-value`))
  if (events.length > 0) log.warn({ events }, 'named events are not in the registry yet; waiting for them')
}
