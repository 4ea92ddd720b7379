import { counter } from '../../observability/index.ts'

/** The metrics of the notifier, next to those of its group. */
export const notifierMetrics = {
  eventtrail_notifier_mails_total: counter(
    'mails',
    'mails by result: sent, refused permanently, failed and to be retried, unwanted by the recipient',
    { result: ['sent', 'refused', 'failed', 'unwanted'] }
  )
}
export type NotifierMetrics = typeof notifierMetrics
