import { createKafkaClient } from '../../../kafka/kafkajs/index.ts'
import { kafkaConformance } from '../../conformance/kafka.ts'
import { testEnvironment } from '../../support/stack.ts'

const { brokers, topicPrefix } = await testEnvironment()

kafkaConformance('kafkajs', { create: createKafkaClient, brokers, prefix: topicPrefix })
