/** Who relies on a promise. */
export type Party = 'publishers' | 'readers of the trail' | 'owners of handlers' | 'operators'

export interface Guarantee {
  readonly title: string
  readonly to: readonly Party[]
  /** What is promised; Markdown. */
  readonly words: string
  /** What is broken on purpose while it must hold. */
  readonly faults: string
  /** Test files that prove it, from `test/` and without `.test.ts`. */
  readonly proofs: readonly string[]
}

export interface NotPromised {
  readonly title: string
  readonly words: string
}

export const guarantees: readonly Guarantee[] = [
  {
    title: 'What was acknowledged is stored once',
    to: ['publishers', 'readers of the trail'],
    words:
      'An event for which `publish` resolved is in the trail exactly once and as it was published, or whole in quarantine. What failed with `outcome: "failed"` is nowhere. In each partition, the events of an aggregate and event name are in the order of the calls.',
    faults:
      'sinks that are killed at any moment and in mid-COPY; a lost answer to COMMIT; a sink that sleeps in mid-COPY while another takes over; sinks that come and go; the leader, the coordinator and all brokers killed; Postgres killed, restarted, away, slow, out of disk or read-only, its sessions ended; deadlocks and timeouts; and all of it at random under load',
    proofs: [
      'integrity/processes/no-loss',
      'integrity/servers/commit-answer-lost',
      'integrity/processes/fencing',
      'integrity/processes/rebalance',
      'integrity/servers/broker-death',
      'integrity/servers/postgres-death',
      'integrity/servers/slow-postgres',
      'integrity/soak',
      'unit/simulator/simulator',
      'integration/sink/broken-on-purpose'
    ]
  },
  {
    title: 'A batch is visible whole or not at all',
    to: ['readers of the trail'],
    words: 'Rows and position become visible together. A sink that dies in the middle leaves nothing of its batch.',
    faults: 'sinks killed in mid-COPY',
    proofs: ['integrity/processes/no-loss']
  },
  {
    title: 'Nothing is lost in silence',
    to: ['readers of the trail', 'operators'],
    words:
      'Every offset that the sink passed is counted once in a ledger that the database checks. What retention removed before it was read is listed in `sink_gaps`, counted as lost and in `eventtrail_sink_gaps_total`, and named by `eventtrail doctor`, also before a sink has noticed it. `eventtrail verify` and the view `sink_losses` hold the ledger against the rows, the ends of Kafka’s logs against the positions, and name what is missing. What an open transaction blocks is lag. A topic that was recreated, a log that ends before the position, or one that holds another record where the last stored one was, halts its partitions alone until an operator decides how to continue. A trail that was restored to an earlier state is filled again from Kafka. What Kafka keeps as the position of the group is not trusted. (What is [not seen](#known-silent-losses) is said below.)',
    faults:
      'records removed before they were read; a topic recreated while no sink runs and under a running one; offsets of the group moved in Kafka; a trail emptied, and restored to an earlier hour; rows taken from the table; a transaction of another producer left open; a broker away, topics with one replica',
    proofs: [
      'integrity/servers/gaps',
      'integrity/servers/doctor',
      'integration/operations/verify',
      'integration/operations/open-transaction',
      'integration/sink/placement',
      'integration/docs/sql',
      'unit/sink/telemetry'
    ]
  },
  {
    title: 'What is changed in a trail that is proved is found',
    to: ['readers of the trail', 'operators'],
    words:
      'Where the trail is [proved](proof.md), a row that is changed, removed, added, exchanged or moved in time is found by `eventtrail proof verify`, and by an auditor with a bundle, `verify.mjs` and `trust.txt`; so are changes to duplicates, quarantine, gaps, ledger and positions, and to entries of the log. A row and the statement about it are stored together or not at all, whatever dies. Nothing is stored without a statement. [What is not noticed](threats.md#what-is-not-noticed) is listed.',
    faults:
      'ten tamperings that an auditor has to find; changes to rows, lists and books; triggers that change rows and entries; forged entries, revoked and stolen keys; a database, and a log, that were put back; sinks that are killed, stopped and replaced; a lost answer to COMMIT; sinks without a key',
    proofs: [
      'integration/docs/auditor',
      'integration/audit/verify',
      'integration/audit/verify-changes',
      'integration/audit/verify-log',
      'integration/audit/sealer',
      'integration/audit/recover',
      'integration/sink/proof',
      'unit/verifier/bundles',
      'integrity/processes/no-loss',
      'integrity/servers/commit-answer-lost'
    ]
  },
  {
    title: 'The same id is one row',
    to: ['publishers', 'readers of the trail'],
    words:
      'An event that comes again with the same id and content is counted as a duplicate. With other content under the same id the first row stays as it is, and the other one goes to quarantine.',
    faults: 'ids published again, with the same and with other content, in one batch with bad records',
    proofs: ['integration/trail/duplicates']
  },
  {
    title: 'A bad record harms no other',
    to: ['readers of the trail', 'operators'],
    words:
      'What cannot be a row is kept whole in quarantine, with a reason and a way back, and the rest is stored. When most of a topic is bad, that topic is halted, and no other. A program that may write to one topic or to the registry cannot stop the sink: events of other topics are stored meanwhile. A good event that an index, a constraint or a trigger refuses which others put on the table is kept likewise, with the name of that; where every event of a name is refused, they wait in Kafka and none is put aside.',
    faults:
      'texts, numbers, times and ids that cannot be stored; values that are no envelopes; unknown and foreign schema ids; every codec; topics of which all is bad; batches written by hand (odd frames, decompression bombs, tens of thousands of headers, null headers, times of any 64 bits); deleted subjects, and schemas that hang or fail a process that compiles them; random records, batches and schemas; indexes, checks, triggers and columns of others on the table of the trail',
    proofs: [
      'integrity/input/hostile-batches',
      'integrity/input/hostile-registry',
      'integrity/input/fuzz',
      'integration/sink/records/bad-input',
      'integration/trail/table-additions',
      'integration/trail/quarantine',
      'integration/sink/breaker',
      'integration/sink/records/compression',
      'integration/sink/records/foreign'
    ]
  },
  {
    title: 'Nothing is read with a wrong schema',
    to: ['readers of the trail', 'operators'],
    words:
      'While the registry is unreachable, events of known schemas are stored, and those of unknown ones wait. A schema id that the registry does not have is asked for twice; then the copy in the trail serves, and where there is none its records go to quarantine. A registry that gives a known id to another schema ends the sink before anything is decoded.',
    faults: 'a registry that does not answer, is gone, or has lost its memory',
    proofs: ['integrity/servers/schemas', 'integration/schemas/registry']
  },
  {
    title: 'A new event name is stored from its first event',
    to: ['publishers', 'operators'],
    words: 'Event names and partitions that appear while sinks run are read from their start, without a restart.',
    faults: 'new names, new partitions, topics that vanish, subjects without a topic',
    proofs: ['integration/sink/topics/discovery']
  },
  {
    title: 'A failed publish says whether the event may be stored',
    to: ['publishers'],
    words:
      'A `publish` resolves, or rejects at its deadline with `outcome: "failed"` (it is not stored and will not be) or `"unknown"` (it may be). Events of one aggregate and one name keep the order of the calls, awaited or not. None that was acknowledged is taken for a repetition of one that was given up.',
    faults:
      'a broker that is gone, bounced, silent past the request timeout and past the deadline; connections reset, refused, and cut in the middle of a request and of an answer',
    proofs: ['integrity/servers/producer-outcomes', 'unit/producers/batcher', 'integration/producers/conformance']
  },
  {
    title: 'What was published is what is handled and stored',
    to: ['publishers', 'owners of handlers', 'readers of the trail'],
    words:
      'A handler gets the value that was published, down to the branch of a union, whatever fields are called; where it knows another version, what both know is unchanged. The trail has the JSON of the same value.',
    faults:
      'generated schemas of every type, with unions of types that may be promoted, and generated versions of them',
    proofs: ['integrity/input/handled', 'unit/schemas/handled']
  },
  {
    title: 'Every event reaches its handler',
    to: ['owners of handlers'],
    words:
      'At least once, and in order for each aggregate of an event name when it is seen for the first time. No offset is committed before everything before it is handled or a dead letter. An event that fails holds up its own aggregate alone. A handler that runs for long costs no rebalance.',
    faults:
      'members killed, and stopped for three session timeouts; handlers that throw anything; the dead-letter topic or the registry away; aborted transactions',
    proofs: [
      'integrity/processes/handlers',
      'integrity/soak',
      'integration/consumers/group',
      'integration/consumers/membership',
      'integration/consumers/registry-away',
      'integration/consumers/transactions'
    ]
  },
  {
    title: 'What is done by `once` is done once, and a parked aggregate keeps its order',
    to: ['owners of handlers', 'operators'],
    words:
      'An effect in Postgres that goes through `context.once` is there once for each event and group, whatever dies and however often the event comes. With the policy `park` the effects of an aggregate are in the order of its events and without a gap: they end before the first event that failed for good, and after a redrive they are complete. With `skip` this holds for the order of events that did not fail. A redrive that is killed and run again sends each letter once, and is recorded once.',
    faults:
      'handlers that fail for 2 % of the events, in six ways; members killed by SIGKILL, also during a redrive; events that arrive while their aggregate is redriven; redrives that are killed',
    proofs: [
      'integrity/groups/effects',
      'integrity/groups/redrive',
      'integration/consumers/exactness/effects',
      'integration/operations/dead-letters/real-group',
      'unit/consumers/parking/parking',
      'unit/integrity/effects'
    ]
  },
  {
    title: 'It recovers by itself, and reports its health',
    to: ['operators'],
    words:
      'While Kafka, Postgres or the registry is away a process lives, is not ready, and names the reason; when the server is back it is ready again. A stalled Kafka consumer is rebuilt. Partitions that no broker leads hold up no others: the rest is published, stored and handled meanwhile.',
    faults:
      'each server taken away and hanging, under sink, indexer and notifier; all brokers killed; a broker away that has the only replicas of some partitions',
    proofs: [
      'integration/status/outages',
      'integration/status/hangs',
      'integrity/servers/broker-death',
      'integrity/servers/leaderless'
    ]
  },
  {
    title: 'It may be stopped at any time',
    to: ['operators'],
    words:
      'On SIGTERM a sink exits with 0 within its deadline, also while a server is away or hangs, and nothing is lost. While all are there it has left its group, and what it has written is not read again.',
    faults: 'SIGTERM while it starts, in mid-batch, while Postgres or Kafka is gone, and while Kafka hangs',
    proofs: ['integrity/processes/shutdown']
  },
  {
    title: 'Idle processes cost next to nothing',
    to: ['operators'],
    words:
      'Idle sinks, indexers and notifiers log nothing for ten minutes and take less than 1 % of a core each, on the oldest Node that is supported and on the one of this clone. The next event after that reaches all of them.',
    faults: 'none: ten minutes without an event',
    proofs: ['integrity/idle']
  },
  {
    title: 'No personal data in logs, metrics and errors',
    to: ['publishers', 'operators'],
    words:
      'No payload or key of an event is in a log (debug included), a metric, an answer over HTTP, or what `eventtrail doctor` and `eventtrail quarantine list` say. The id of an event is in none of these but the lines of `eventtrail quarantine`, for a record that is kept there: it is no personal data by itself, and a conflict is looked up by it. The error of a `publish` that was refused names fields and repeats no value.',
    faults:
      'records that the sink refuses, that Postgres refuses, and a batch that it refuses with a message that repeats the row',
    proofs: ['integrity/input/privacy', 'integration/status/figures', 'integration/producers/conformance']
  }
]

export const notPromised: readonly NotPromised[] = [
  {
    title: 'What became of an event whose outcome is "unknown"',
    words:
      'It was sent and no answer came: it may be in Kafka, or arrive in a moment, or never. **Publish it again with the same `id`** until it is acknowledged; it counts once. An id of version 7, also one that `publish` made, brings its time along, so that it is the same event. With an id of another version `publish` asks for `occurredAt`: give the same one, or it is another event under the same id, a conflict, in quarantine. The same goes for events that were in a publisher when it died: their outcome was never reported. See [when publishing fails](producing.md#when-publishing-fails).'
  },
  {
    title: 'Both or neither with your own database',
    words:
      'A service may die between its commit and the call. Keep the event and its id in a table of yours, in the same transaction, and publish from there.'
  },
  {
    title: 'Order across event names',
    words:
      'They are different topics. Nor is there any across an event that finally failed: those after it are still sent.'
  },
  {
    title: 'Handlers exactly once',
    words:
      'An event may come again after a crash, a rebalance or a redrive. Make handlers idempotent, by `id`. The notifier sends a mail or a webhook a second time when it dies after the receiver took the first and before that was recorded, with the same `Message-ID` or `webhook-id`.'
  },
  {
    title: 'Deduplication beyond what the trail holds',
    words: 'An event whose month was dropped, published again under the same id, is a new row.'
  },
  {
    title: 'What retention removed before it was read',
    words:
      'It is a recorded gap, never silent, and it is gone nevertheless. Keep `retention.ms` longer than a sink may be down.'
  },
  {
    title: 'What people give up',
    words:
      '`sink reset --to latest` or to an offset leaves everything before it in Kafka, and `quarantine discard` ends a record. Both ask for a reason, and keep it.'
  },
  {
    title: 'More than the brokers keep',
    words:
      '"Acknowledged" means `acks=all`: by as many replicas as `min.insync.replicas` says, which is what the brokers have by default unless `TOPIC_MIN_INSYNC_REPLICAS` says otherwise, and that is **1** as Kafka is shipped. Kafka does not wait for a disk. Losing those replicas at once, or an unclean leader election, takes acknowledged events away. A log that ends before the position of the sink then halts its partition; events that the sink had not read yet are gone, and this cannot be detected.'
  },
  {
    title: 'What a disk changes within a record',
    words:
      'A stored batch that a broker’s disk has damaged is put aside where it cannot be read any more. Its checksum is [not compared](decisions/0036-checksums-of-batches-are-not-compared.md): another letter in a text that is not compressed is stored as it is read.'
  },
  {
    title: 'More than Postgres keeps',
    words:
      'All was tried with `fsync`, `full_page_writes` and `synchronous_commit` on. With `synchronous_commit` off a crash may take back the latest transactions, rows and positions together, and they are read again for as long as Kafka has them. With `fsync` off a crash may leave any part of the database broken.'
  },
  {
    title: 'What others do to the tables and topics',
    words:
      'Rows that another program changes or deletes are not restored; the ledger shows that some are missing, and not that a payload was altered, unless the trail is [proved](proof.md). Producers of others that send without idempotence may store an event twice in Kafka: by its id it counts once.'
  },
  {
    title: 'Times',
    words:
      'The standstills are those of one machine, on which the servers ran too. Where a test has a bound, it is there to end what hangs.'
  }
]

/** Losses that nothing reports, and that are known to be possible. */
export const silentLosses: readonly string[] = [
  'A log that lost its end in an unclean leader election and was written past the position since, where the identical record (the same bytes) came to be at the very offset that the sink read last, or where retention has removed that record, or where control records (transaction markers) are all there is to compare. It keeps the id of its topic.',
  'The same of a topic that was deleted and recreated, where the brokers are older than Kafka 2.8 or the position was stored by an eventtrail that knew no ids of topics; there also one that was filled beyond the position between two fetches of a sink that runs.',
  'Events of a topic that is compacted (`cleanup.policy=compact`, which `schemas register` never sets), where Kafka removed them before they were read: the ledger counts their offsets as skipped, as it does transaction markers. `eventtrail doctor` says that the topic is compacted, `eventtrail verify` how many offsets were skipped.'
]
