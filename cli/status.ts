import { CleanUps } from '../core/index.ts'
import type { Health, MetricPart } from '../observability/index.ts'
import { type Meter, noMeter } from '../observability/index.ts'
import type { CommandContext } from './command.ts'

/** What a long-running command tells of itself over HTTP; nothing unless `statusPort` is set. */
export interface Status extends AsyncDisposable {
  /** Where the parts of the process tell their figures. */
  readonly meter: Meter
  /** Begins to answer. @throws ConfigError `CONFIG_INVALID` when the port cannot be opened */
  serve(health: () => Health): Promise<void>
}

/** @param parts whose metrics there are beside those of the process */
export async function createStatus({ config, log }: CommandContext, parts: readonly MetricPart[]): Promise<Status> {
  const port = config.get('statusPort')
  if (port === undefined) return { meter: noMeter, serve: async () => undefined, [Symbol.asyncDispose]: async () => {} }
  // Not loaded by whoever does not ask for it.
  const { PrometheusMeter, startStatusServer } = await import('../observability/prometheus/index.ts')
  const meter = new PrometheusMeter({
    parts: ['process', ...parts],
    process: true,
    maxSeries: config.get('metricsMaxSeries')
  })
  const cleanUps = new CleanUps()
  return {
    meter,
    async serve(health) {
      const isReady = (): boolean => {
        const { notReady, dead } = health()
        return notReady.length + dead.length === 0
      }
      meter.gauge('eventtrail_ready', () => [{ value: isReady() ? 1 : 0, labels: {} }])
      const host = config.get('statusHost')
      const server = await startStatusServer({ port, host, health, metrics: () => meter.text() })
      cleanUps.add(() => server.close())
      log.info({ host: server.host, port: server.port }, 'tells how it is: /livez, /readyz, /metrics')
    },
    [Symbol.asyncDispose]: () => cleanUps.run()
  }
}
