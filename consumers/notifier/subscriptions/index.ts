/** Subscriptions: who gets what, in Postgres. */
export { conditionOf } from './conditions.ts'
export { CurrentBook } from './current-book.ts'
export {
  addSubscription,
  enableSubscription,
  isRecipient,
  listSubscriptions,
  type NewSubscription,
  removeSubscription,
  rotateSecret,
  signingKeys,
  subscriptionNamed
} from './store.ts'
export { type Channel, channels, mailsSubscription, type Subscription, SubscriptionBook } from './subscription.ts'
