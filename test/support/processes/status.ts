import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll } from 'vitest'
import { eventually } from '../stack.ts'
import { cli } from './cli.ts'

const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** A long-running command in a process of its own, and what it says of itself over HTTP. */
export interface ToldProcess {
  readonly child: ChildProcess
  /** What it wrote so far. */
  readonly output: () => string
  /** Resolves to status and JSON of an answer. */
  ask(path: string): Promise<{ readonly status: number; readonly text: string; readonly reasons: readonly string[] }>
  /** Waits until it is ready, or until it is not, for exactly this reason. */
  becomes(wanted: 'ready' | { readonly reason: string }, timeoutMs?: number): Promise<void>
  /** The samples of `/metrics` by name and labels, as they are written there. */
  metrics(): Promise<ReadonlyMap<string, number>>
  /** Every answer that {@link ask} has got. */
  readonly answers: readonly string[]
  stop(): Promise<number | null>
}

/** What a process is started with: a Node, and an entry of eventtrail. */
export interface Program {
  readonly node: string
  readonly entry: string
}

/** Starts it from the sources, with a free status port. */
export function startTold(env: Readonly<Record<string, string>>, ...args: string[]): Promise<ToldProcess> {
  return startToldBy({ node: process.execPath, entry: cli }, env, ...args)
}

/** Starts it as another Node, or another entry, runs it. */
export async function startToldBy(
  { node, entry }: Program,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<ToldProcess> {
  const child = spawn(node, [entry, ...args, '--status-port', '0'], {
    env: { ...process.env, LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  running.add(child)
  const exit = once(child, 'close').then(([code]) => code as number | null)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', text => {
      output += text
    })
  const port = await eventually(() => /"port":(\d+)/.exec(output)?.[1], { what: `${args[0]} listens: ${output}` })
  const answers: string[] = []
  const ask: ToldProcess['ask'] = async path => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    const text = await response.text()
    answers.push(text)
    const json = text.startsWith('{') ? (JSON.parse(text) as { reasons?: string[] }) : {}
    return { status: response.status, text, reasons: json.reasons ?? [] }
  }
  return {
    child,
    output: () => output,
    answers,
    ask,
    async becomes(wanted, timeoutMs = 60_000) {
      let last = ''
      const what = wanted === 'ready' ? 'ready' : wanted.reason
      await eventually(
        async () => {
          const { status, reasons, text } = await ask('/readyz')
          last = text
          return wanted === 'ready' ? status === 200 : status === 503 && reasons.includes(wanted.reason)
        },
        { what: `${args[0]} is ${what}`, timeoutMs }
      ).catch(error => {
        throw new Error(`${(error as Error).message}; it said ${last}`, { cause: error })
      })
    },
    async metrics() {
      const { text } = await ask('/metrics')
      return parsed(text)
    },
    async stop() {
      running.delete(child)
      child.kill('SIGTERM')
      return await exit
    }
  }
}

/** Reads the text format of Prometheus, version 0.0.4, strictly. */
export function parsed(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line)
    if (type) {
      types.set(type[1] as string, type[2] as string)
      continue
    }
    const sample = /^([a-z][a-z0-9_]*)(\{(?:[a-z_]+="[^"\\\n]*",?)+\})? (\S+)$/.exec(line)
    if (!sample) throw new Error(`no line of Prometheus: ${line}`)
    const [, name = '', labels = '', value] = sample
    const family = name.replace(/_(bucket|sum|count)$/, '')
    if (!types.has(name) && !types.has(family)) throw new Error(`a sample of no type: ${line}`)
    samples.set(name + labels, Number(value))
  }
  return samples
}
