import { type Figures, type Group, groups } from '../observer.ts'
import { columns, count, type Signs } from './words.ts'

/** What the progress shows. */
export interface Progress extends Figures {
  /** Events of the whole day. */
  readonly events: number
  readonly published: number
  /** Events published per second, lately. */
  readonly rate: number
  readonly mails: number
  readonly webhooks: number
}

/** The progress as a block of lines, one for each part. */
export function progressBlock(progress: Progress): string[] {
  const { events, published, rate, stored, documents, mails, webhooks, lag } = progress
  const behind = (group: Group) => (lag[group] > 0 ? `lag ${count(lag[group])}` : 'up to date')
  const width = count(events).length
  const number = (value: number) => count(value).padStart(width)
  return columns([
    ['  published', number(published), `of ${count(events)}`, `${count(rate)} a second`],
    ['  sink', number(stored), 'rows', behind('sink')],
    ['  indexer', number(documents), 'lessons', behind('indexer')],
    ['  notifier', number(mails), 'mails', behind('notifier')],
    ['', number(webhooks), 'webhooks', '']
  ])
}

/** The same as one line, for a log. */
export function progressLine(progress: Progress, { dot }: Signs): string {
  const { events, published, rate, stored, documents, mails, webhooks, lag } = progress
  const behind = groups.map(group => `${group} ${count(lag[group])}`).join(', ')
  return [
    `published ${count(published)} of ${count(events)} (${count(rate)}/s)`,
    `stored ${count(stored)}`,
    `lag: ${behind}`,
    `lessons indexed ${count(documents)}`,
    `mails ${count(mails)}, webhooks ${count(webhooks)}`
  ].join(` ${dot} `)
}

export interface ScreenOptions {
  /** Writes a line and ends it. */
  readonly say: (line: string) => void
  /** Writes text as it is, with what moves the cursor. */
  readonly draw: (text: string) => void
  /** Whether lines can be written over. */
  readonly redraw: boolean
  readonly signs: Signs
}

/** Shows progress: drawn in place once a second where that is possible, a line every two seconds where not. */
export class Screen {
  readonly #options: ScreenOptions
  #height = 0
  #shownAt = Number.NEGATIVE_INFINITY

  constructor(options: ScreenOptions) {
    this.#options = options
  }

  /**
   * @param now ms of any clock that only goes forward
   * @param last to show it in any case
   */
  show(progress: Progress, now: number, last = false): void {
    const { say, draw, redraw, signs } = this.#options
    if (!last && now - this.#shownAt < (redraw ? 1_000 : 2_000)) return
    this.#shownAt = now
    if (!redraw) {
      say(progressLine(progress, signs))
      return
    }
    const block = progressBlock(progress)
    draw(`${this.#erase()}${block.join('\n')}\n`)
    this.#height = block.length
  }

  /** A line that stays, above the progress. */
  note(line: string): void {
    const { say, draw } = this.#options
    draw(this.#erase())
    say(line)
    this.#shownAt = Number.NEGATIVE_INFINITY
  }

  /** Up to the first line of the block, and everything below is gone. */
  #erase(): string {
    const erase = this.#height > 0 ? `\x1b[${this.#height}A\x1b[0J` : ''
    this.#height = 0
    return erase
  }
}
