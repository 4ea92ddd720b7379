// What the embedded stack and docker-compose.yml must agree on. A test compares the two.

/** Versions of the servers, unless others are chosen (versions.ts). The Maven ones are in pom.xml as well, Postgres' in package.json. */
export const versions = { kafka: '4.4.0', registry: '3.0.9', postgres: '18.4' } as const

/** Of OpenSearch, which is started only where it is asked for. In opensearch.pom.xml as well. */
export const openSearchVersion = '2.19.6'

/** The database of the trail and who owns it. The password is the containers'; embedded servers have one of their own. */
export const database = { name: 'eventtrail', user: 'eventtrail', password: 'eventtrail' } as const

/** Where the registry answers in the dialect that Confluent's clients speak. */
export const registryPath = '/apis/ccompat/v7'

/** Broker settings that do not depend on ports or folders. */
export const kafkaSettings = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  // Topics are made by `schemas register`: a typo must not make one.
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  // Lets tests see a killed member's partitions freed within a second or two.
  'group.min.session.timeout.ms': '1000',
  // Lets tests see retention at work without waiting for minutes.
  'log.retention.check.interval.ms': '1000',
  'log.segment.delete.delay.ms': '1000'
} as const satisfies Record<string, string>

/** What differs where three brokers are a cluster: a write needs two of them, and one that died is missed soon. */
export const clusterSettings = {
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'share.coordinator.state.topic.replication.factor': '3',
  'share.coordinator.state.topic.min.isr': '2',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500'
} as const satisfies Record<string, string>

/** Postgres settings that do not depend on ports or folders. Durability stays as Postgres ships it. */
export const postgresSettings = { max_connections: '200', timezone: 'UTC' } as const satisfies Record<string, string>

/** OpenSearch settings that do not depend on ports or folders. */
export const openSearchSettings = { 'discovery.type': 'single-node' } as const satisfies Record<string, string>
