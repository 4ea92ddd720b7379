/** `eventtrail notifier`, and the commands for its subscriptions and deliveries. */
export { notifierCommands } from './command.ts'
export { deliveryCommands } from './deliveries.ts'
export { subscriptionCommands } from './subscriptions.ts'
