/** Deliveries: queued in Postgres once for each event and subscription, and sent from there. */
export { DelivererLoop, type DelivererStats } from './deliverer.ts'
export { mailChannel, messageIdOf } from './mail-channel.ts'
export { type DeliveryFilter, type DeliveryRow, listDeliveries, type Retried, retryDeliveries } from './operate.ts'
export { defaultKeepMs } from './prune.ts'
export { type Deliveries, deliveriesOn, type PostgresDeliveries, postgresDeliveries } from './store.ts'
export type { ChannelSender, NewDelivery } from './types.ts'
export { outcomeOf, webhookChannel } from './webhook-channel.ts'
