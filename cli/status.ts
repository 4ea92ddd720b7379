import { CleanUps } from '../core/index.ts'
import { type Health, type Meter, type MetricTable, noMeter, processMetrics } from '../observability/index.ts'
import type { CommandContext } from './command.ts'

/** The status server of a long-running command; off unless `statusPort` is set. */
export interface Status extends AsyncDisposable {
  /** Receives the metrics of all parts of the process. */
  readonly meter: Meter
  /** Begins to answer. @throws ConfigError `CONFIG_INVALID` when the port cannot be opened */
  serve(health: () => Health): Promise<void>
}

/** @param metrics those of the parts that run in the process; its own are added */
export async function createStatus({ config, log }: CommandContext, metrics: MetricTable): Promise<Status> {
  const port = config.get('statusPort')
  if (port === undefined) return { meter: noMeter, serve: async () => undefined, [Symbol.asyncDispose]: async () => {} }
  // Loaded only when it is used.
  const { createPrometheusMeter, createStatusServer } = await import('../observability/prometheus/index.ts')
  const meter = createPrometheusMeter({
    metrics: { ...processMetrics, ...metrics },
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
      const server = await createStatusServer({ port, host, health, metrics: () => meter.text() })
      cleanUps.add(() => server.close())
      log.info({ host: server.host, port: server.port }, 'status server listening: /livez, /readyz, /metrics')
    },
    [Symbol.asyncDispose]: () => cleanUps.run()
  }
}
