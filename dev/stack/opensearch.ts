import { onlyOnce, silentLogger } from '../../core/index.ts'
import { makeFolders } from './folders.ts'
import { Instance, sweep } from './instance.ts'
import { freePorts } from './ports.ts'
import { ensureOpenSearch, findJava, openSearchPlan, openSearchVersion, Server } from './servers/index.ts'
import { startWatchdog } from './stack.ts'
import type { RestartableServer } from './types.ts'

/** The instance of `stack up --with opensearch`. */
export const lastingSearch = 'up-opensearch'

export interface SearchServerOptions {
  /** True for one that outlives this process and keeps its data. Default false. */
  readonly keepData?: boolean
  /** Gets a line for the person who waits. */
  readonly onProgress?: (line: string) => void
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal
}

/** A running OpenSearch of one node, without login. */
export interface SearchServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly server: RestartableServer
  stop(): Promise<void>
}

/** Starts OpenSearch on free ports and resolves when it answers; downloads it first. @throws StackError */
export async function startOpenSearch(options: SearchServerOptions = {}): Promise<SearchServer> {
  const { keepData = false, onProgress: say = () => undefined, signal } = options
  makeFolders()
  await sweep()
  const instance = keepData ? Instance.lasting(lastingSearch) : Instance.forThisProcess('opensearch')
  const dismissWatchdog = keepData ? async () => undefined : startWatchdog(instance)
  const end = onlyOnce(async () => {
    await instance.endProcesses()
    if (!keepData) instance.remove()
    await dismissWatchdog()
  })
  try {
    const java = await findJava()
    const home = await ensureOpenSearch(openSearchVersion, { instance, say, signal })
    say(`starting OpenSearch ${openSearchVersion}`)
    const [http = 0, transport = 0] = await freePorts(2)
    const plan = openSearchPlan({ instance, java, home, ports: { http, transport } })
    const server = new Server(plan, { instance, logger: silentLogger, signal, startTimeoutMs: 120_000 })
    await server.start()
    const url = `http://127.0.0.1:${http}`
    instance.update({ env: { OPENSEARCH_URL: url } })
    return { url, server, stop: end, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}
