import { asCount, asOneOf, asPort, asText, type LogLevel, logLevels, type Setting } from '../core/index.ts'

/** What commands show of themselves: status server and log. */
export const observabilitySettings = {
  statusPort: {
    env: 'EVENTTRAIL_STATUS_PORT',
    flag: '--status-port <n>',
    help: 'port for /livez, /readyz and /metrics of sink, indexer, notifier and proof checkpoint; 0 picks a free port (default: off)',
    parse: asPort
  },
  statusHost: {
    env: 'EVENTTRAIL_STATUS_HOST',
    help: 'address on which the status port listens; 0.0.0.0 for all of IPv4',
    initial: '127.0.0.1',
    parse: asText
  },
  metricsMaxSeries: {
    env: 'EVENTTRAIL_METRICS_MAX_SERIES',
    help: 'most series of a metric; further series are exported together as topic="other"',
    initial: 10_000,
    parse: asCount
  },
  logLevel: {
    env: 'LOG_LEVEL',
    flag: '--log-level <level>',
    help: logLevels.join(', '),
    initial: 'info' as LogLevel,
    parse: asOneOf(logLevels)
  }
} as const satisfies Record<string, Setting<unknown>>
