import { counter, gauge, histogram, longTimes } from '../../observability/index.ts'

const channel = { channel: ['email', 'webhook'] } as const

/** The metrics of the notifier, next to those of its group. */
export const notifierMetrics = {
  eventtrail_notifier_deliveries_total: counter(
    'attempts',
    'attempts to deliver a notification by result: delivered, failed for good, failed and to be retried, put off because the mail server is unavailable, unwanted by the recipient',
    { ...channel, result: ['delivered', 'failed', 'retried', 'unavailable', 'unwanted'] }
  ),
  eventtrail_notifier_endpoints_switched_off_total: counter(
    'endpoints',
    'webhook endpoints that were switched off: they answered 410, or failed for five days'
  ),
  eventtrail_notifier_pending: gauge(
    'deliveries',
    'deliveries in Postgres that are not sent yet, counted up to 100,000'
  ),
  eventtrail_notifier_overdue_seconds: gauge(
    'seconds',
    'time for which the oldest delivery that is due has been waiting; 0 when none is due'
  ),
  eventtrail_notifier_attempt_seconds: histogram(longTimes, 'time of one attempt to deliver a notification', channel)
}
export type NotifierMetrics = typeof notifierMetrics
