import type { Header, KafkaRecord } from '../../../kafka/index.ts'
import { aggregateDigest, letterNameOf, textOf } from '../letter.ts'
import { letterHeaders } from '../names.ts'
import type { RedrivePlace, SentPlaces } from '../plan.ts'

/** Names an end marker. */
export const markerName = (topic: string, aggregate: string, through: number): string =>
  `${topic} ${aggregate} ${through}`

/** Gathers what an action has sent, from the redrive topic. */
export class SentInLog implements SentPlaces {
  readonly letters = new Map<number, RedrivePlace>()
  readonly markers = new Map<string, RedrivePlace>()
  readonly #topicId: string
  readonly #action: string

  constructor(topicId: string, action: number) {
    this.#topicId = topicId
    this.#action = String(action)
  }

  take(partition: number, { headers, key, offset }: Pick<KafkaRecord, 'headers' | 'key' | 'offset'>): void {
    if (textOf(headers, letterHeaders.redriveAction) !== this.#action) return
    const place = { partition, offset }
    const marker = markerOf(headers, key)
    if (marker !== undefined) {
      this.markers.set(marker, place)
      return
    }
    const letter = letterNameOf(textOf(headers, letterHeaders.redriveOf))
    if (letter?.topicId === this.#topicId) this.letters.set(letter.offset, place)
  }
}

function markerOf(headers: readonly Header[], key: Buffer | null): string | undefined {
  const through = textOf(headers, letterHeaders.redriveEnd)
  const aggregate = key === null ? '' : aggregateDigest(key).toString('hex')
  return through === undefined
    ? undefined
    : markerName(textOf(headers, letterHeaders.topic) ?? '', aggregate, Number(through))
}
