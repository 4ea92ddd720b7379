/** What is measured: the sink and its peers. */
export { ConnectWorker } from './connect.ts'
export { type ConsumeReport, type Consumer, type ConsumeWork, consume } from './consume.ts'
export type { Contender, Measured } from './contender.ts'
export { copyContender } from './copy.ts'
export { CopyFiles } from './copy-files.ts'
export { type DebeziumMode, debeziumContender } from './debezium.ts'
export { naiveContender } from './naive.ts'
export { meterSink, sinkContender } from './sink.ts'
