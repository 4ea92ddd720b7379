import { randomBytes } from 'node:crypto'
import { useKafka } from '../connection/index.ts'
import { deniedWords, isDenied, type Logger } from '../core/index.ts'
import type { AdminLine, GroupConsumer } from '../kafka/index.ts'
import { createKafkaClient } from '../kafka/kafkajs/index.ts'
import { type Pool, PostgresError, type PostgresErrorCode, type SessionOptions } from '../postgres/index.ts'
import { createRegistry, type Registry } from '../schemas/index.ts'
import type { TrailSession } from '../trail/index.ts'
import { openPgSession, pgPositions, SchemaBook, sessionPool, sinkSessions } from '../trail/index.ts'
import { SinkHealth } from './health.ts'
import { Discovery, TopicReport } from './intake/index.ts'
import { fetchLimits, type ResolvedSinkOptions, sinkProtocol } from './options.ts'
import { Pipeline } from './pipeline.ts'
import { isAboutKey, statementOf } from './statement-of.ts'
import { type GaugeSources, Telemetry } from './telemetry.ts'

/** ms for a query outside of the writes: one that takes longer is on a session whose backend is gone. */
const queryTimeoutMs = 120_000
/** Codes with which no session was opened. */
const unreached: readonly PostgresErrorCode[] = ['POSTGRES_UNAVAILABLE', 'POSTGRES_TLS']
/** Batches in hand at once: those that wait for a full queue must not hold up those of another queue. */
const concurrency = 64

/** What only tests replace. @internal */
export interface SinkInternals {
  /** @param open opens the session that a sink has */
  readonly openSession?: (open: () => Promise<TrailSession>) => Promise<TrailSession>
}

export interface WireOptions extends SinkInternals {
  readonly options: ResolvedSinkOptions
  readonly log: Logger
  /** A defect that no retry can fix. */
  readonly onFailure: (error: Error) => void
}

/** The parts of a sink, connected. Nothing runs yet. */
export interface SinkParts {
  readonly servers: Servers
  readonly discovery: Discovery
  readonly pipeline: Pipeline
  readonly consumer: GroupConsumer
  readonly health: SinkHealth
  readonly telemetry: Telemetry
  /** What health and gauges read. */
  readonly view: Omit<GaugeSources, 'months'> & { readonly book: SchemaBook; readonly months: { missing: number } }
}

interface Servers {
  readonly sessions: SessionOptions
  readonly pool: Pool
  readonly line: AdminLine
  /** Lets go of the connection to Kafka, and closes it where it is the sink's own. */
  readonly release: () => Promise<void>
  readonly registry: Registry
}

/** Builds a sink bottom-up: servers, topics, the pipeline, the consumer that feeds it. */
export function wireSink({ options, log, onFailure, openSession = open => open() }: WireOptions): SinkParts {
  const { connection, group, topicPrefix, eventNames, batch, meter } = options
  const database = connection.postgres
  const telemetry = new Telemetry({ meter, log })

  const sessions = { applicationName: `${sinkSessions}/${randomBytes(4).toString('hex')}`, queryTimeoutMs }
  const pool = sessionPool(database, sessions)
  const { client, release } = useKafka(connection, createKafkaClient, { clientId: 'eventtrail-sink', log })
  const line = client.adminLine()
  const health = new SinkHealth({ line, pool, registry: () => registry, log })
  const registry = createRegistry({ ...connection.registry, log, onReach: health.registry.heard })

  const book = new SchemaBook({ registry, pool })
  const discovery = new Discovery({
    registry,
    pool,
    group,
    topicPrefix,
    eventNames,
    onSchema: (...found) => book.warm(...found)
  })
  const topics = new TopicReport({ discovery, topicPrefix, log })

  const starts = {
    trail: pgPositions(pool, group),
    ranges: (topic: string) => line.ask(admin => admin.ranges(topic)),
    topicIds: (topics: readonly string[]) => line.ask(admin => admin.topicIds(topics))
  }
  const { applicationName } = sessions
  // Which right a write was refused for, while that is why it waits.
  let denied: string | undefined
  const pipeline = new Pipeline({
    read: { consumer: () => consumer, book, discovery, starts, breakerRecords: options.breakerRecords },
    write: {
      connections: options.connections,
      openSession: () =>
        openSession(() => openPgSession({ database, group, applicationName, pool, signer: options.signer })),
      beginStatement: prover => statementOf(prover, options),
      limits: { maxRows: batch.maxRecords, maxBytes: batch.maxBytes, lingerMs: batch.lingerMs },
      watch: {
        blockedAfterMs: options.blockedAfterMs,
        onAbandoned: () => telemetry.abandoned(),
        onStalled: onFailure
      }
    },
    onWritten: (batch, result) => {
      telemetry.written(batch, result)
      denied = undefined
      health.postgres.heard(true)
    },
    onRetry: error => {
      telemetry.retried()
      denied = isDenied(error) ? deniedWords(error) : isAboutKey(error) ? error.message : undefined
      if (error instanceof PostgresError && unreached.includes(error.code)) health.postgres.heard(false)
    },
    onFailure,
    log
  })

  const consumer: GroupConsumer = client.groupConsumer({
    group,
    protocol: sinkProtocol,
    topics: () => discovery.topics(),
    onBatch: (batch, control) => pipeline.take(batch, control),
    onAssigned: assignment => {
      const partitions = [...assignment].flatMap(([topic, numbers]) => numbers.map(partition => ({ topic, partition })))
      pipeline.assigned(partitions)
      telemetry.assigned()
      log.info({ partitions: partitions.length, topics: assignment.size }, 'partitions assigned')
    },
    onPassed: passed => pipeline.passed(passed),
    onOutOfRange: source => pipeline.positions.outOfRange(source),
    onReach: health.kafka.heard,
    onRebuilt: cause => telemetry.rebuilt(cause),
    onTopicsVanished: vanished => logVanished(vanished, discovery, log),
    onLook: look => topics.looked(look),
    log,
    fetchLimits,
    concurrency,
    sessionTimeoutMs: options.sessionTimeoutMs,
    topicRefreshMs: options.topicRefreshMs,
    maxBatchBytes: options.maxBatchBytes
  })

  const { positions, queues } = pipeline
  const view = {
    positions,
    queues,
    book,
    topics,
    vitals: consumer.vitals,
    troubles: () => consumer.troubles,
    months: { missing: 0 },
    tableProblems: () => [...pipeline.tableProblems, ...(denied === undefined ? [] : [denied])],
    lag: { ...starts, logEnds: (topics: readonly string[]) => line.ask(admin => admin.logEnds(topics)) }
  }
  return {
    servers: { sessions, pool, line, release, registry },
    discovery,
    pipeline,
    consumer,
    health,
    telemetry,
    view
  }
}

function logVanished(vanished: readonly string[], discovery: Discovery, log: Logger): void {
  const forgotten = new Set(discovery.discovered.forgotten)
  const deleted = vanished.filter(topic => !forgotten.has(topic))
  if (deleted.length > 0) log.error({ topics: deleted }, 'topics were deleted; the sink keeps reading the others')
  const left = vanished.filter(topic => forgotten.has(topic))
  if (left.length > 0) log.info({ topics: left }, 'topics taken out with `eventtrail sink forget` are no longer read')
}
