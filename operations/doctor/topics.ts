import { counted, few } from '../../core/index.ts'
import type { KafkaAdmin } from '../../kafka/index.ts'
import { type Discovered, maxEvents } from '../../sink/index.ts'
import type { Finding } from './finding.ts'

/** Faults of schemas that are reported one by one. */
const mostFaults = 10

/** What is known of events, to be held against Kafka's topics. */
export interface KnownTopics {
  /** Topics that a sink reads, where they exist. */
  readonly wanted: readonly string[]
  readonly discovered: Discovered
}

/** Topics that Kafka does not let us see, where it can be asked. */
export async function hiddenOf(admin: KafkaAdmin, wanted: readonly string[], existing: ReadonlyMap<string, number>) {
  const absent = wanted.filter(topic => !existing.has(topic))
  return absent.length > 0 ? await admin.hiddenTopics(absent) : []
}

/** Holds the events of registry and trail against the topics of Kafka. */
export function compareTopics(
  { wanted, discovered }: KnownTopics,
  existing: ReadonlyMap<string, number>,
  hidden: readonly string[]
): Finding[] {
  const finding = (level: Finding['level'], words: string): Finding => ({ check: 'topics', level, words })
  const { gone, almost, forgotten, beyond, isWhole } = discovered
  const missing = wanted.filter(topic => !existing.has(topic) && !hidden.includes(topic))
  const read = wanted.filter(topic => existing.has(topic))
  const unregistered = missing.filter(topic => gone.includes(topic))
  const registered = missing.filter(topic => !gone.includes(topic))
  const forget = '`eventtrail sink forget` takes one out that is not to be read any more'
  return [
    ...(read.length > 0 || missing.length + hidden.length === 0
      ? [
          finding(
            'ok',
            read.map(topic => `${topic} (${counted(existing.get(topic) ?? 0, 'partition')})`).join(', ') || 'none'
          )
        ]
      : []),
    ...(registered.length > 0
      ? [
          finding(
            'wrong',
            `registered, but without a topic: ${registered.join(', ')}. Run \`eventtrail schemas register\``
          )
        ]
      : []),
    ...(unregistered.length > 0
      ? [finding('warning', `read before, and neither a topic nor a subject any more: ${few(unregistered)}; ${forget}`)]
      : []),
    ...(hidden.length > 0
      ? [finding('wrong', `hidden by Kafka's access control: ${few(hidden)}. Grant the sink READ on them`)]
      : []),
    ...(gone.length > unregistered.length
      ? [
          finding(
            'wrong',
            `read before, and the registry has no subject of them any more: ${few(gone)}. They are still read, with the schemas in the trail. Register them again; ${forget}`
          )
        ]
      : []),
    ...[...almost].slice(0, mostFaults).map(([, words]) => finding('warning', words)),
    ...(almost.size > mostFaults
      ? [finding('warning', `${almost.size - mostFaults} more subjects look like those of events and are not`)]
      : []),
    ...(beyond > 0 ? [finding('wrong', `${beyond} events are not read: a sink reads ${maxEvents} at most`)] : []),
    ...(isWhole
      ? []
      : [
          finding(
            'wrong',
            'the registry gives only the first of its subjects, others are not read: let its own API through (/apis/registry/v3), or raise apicurio.ccompat.max-subjects'
          )
        ]),
    ...(forgotten.length > 0 ? [finding('ok', `taken out by \`eventtrail sink forget\`: ${few(forgotten)}`)] : [])
  ]
}
