import { readdirSync } from 'node:fs'
import { processMemory } from '../../../dev/bench/measure/proc.ts'
import { record } from './settings.ts'

const everyMs = 10_000
/** From then on nothing may grow. */
const settledAfterMs = 120_000
/** Samples that are looked at together: a single one may fall on a collection of garbage. */
const together = 6
const allowed = 1.2

interface Sample {
  readonly at: number
  readonly memory: number
  readonly handles: number
}

/** Memory and open handles of processes, every 10 s. */
export class Samples {
  readonly #began = performance.now()
  readonly #samples = new Map<string, Sample[]>()
  readonly #timer: NodeJS.Timeout

  constructor(pids: Readonly<Record<string, number>>) {
    this.#timer = setInterval(() => {
      for (const [name, pid] of Object.entries(pids)) this.#take(name, pid)
    }, everyMs)
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1_000
  }

  #take(name: string, pid: number): void {
    const memory = processMemory(pid)?.now
    if (memory === undefined) return
    const handles = readdirSync(`/proc/${pid}/fd`).length
    record({ type: 'sample', at: new Date().toISOString(), process: name, pid, memory, handles })
    const known = this.#samples.get(name) ?? []
    this.#samples.set(name, [...known, { at: performance.now() - this.#began, memory, handles }])
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** What has grown by more than a fifth since it had two minutes to settle, in words. */
  grown(): string[] {
    return [...this.#samples].flatMap(([name, samples]) => grownIn(name, samples))
  }
}

/** Compares the first samples after the settling with the last ones; nothing to say about a run that is shorter. */
export function grownIn(name: string, samples: readonly Sample[]): string[] {
  const settled = samples.filter(({ at }) => at >= settledAfterMs)
  if (settled.length < 2 * together) return []
  const [first, last] = [settled.slice(0, together), settled.slice(-together)]
  return (['memory', 'handles'] as const).flatMap(what => {
    const [before, after] = [first, last].map(part => median(part.map(sample => sample[what]))) as [number, number]
    return after > before * allowed ? [`${what} of the ${name} went from ${before} to ${after}`] : []
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}
