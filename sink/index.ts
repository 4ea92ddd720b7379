/** The stream from Kafka into the trail. */
export { SinkError, type SinkErrorCode, sinkErrorCodes } from './errors.ts'
export { type Discovered, Discovery, maxEvents } from './intake/index.ts'
export { sinkMetrics } from './metrics.ts'
export { type CaughtUpOptions, mostConnections, type SinkOptions, sinkProtocol } from './options.ts'
export { createSink } from './sink.ts'
export type { Sink, SinkStats } from './state.ts'
