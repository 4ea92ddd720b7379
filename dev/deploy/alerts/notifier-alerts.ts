import type { Alert } from './alert.ts'

const never = '0+0x120'
const once = '0+0x5 1+0x114'
const failed = { channel: 'webhook', result: 'failed' }
const away = { channel: 'email', result: 'unavailable' }

/** Of notifiers, besides those of their group. */
export const notifierAlerts: readonly Alert[] = [
  {
    name: 'EventtrailNotifierOverdue',
    severity: 'warning',
    metrics: ['eventtrail_notifier_overdue_seconds'],
    expr: 'eventtrail_notifier_overdue_seconds > 300',
    minutes: 5,
    summary: 'Mails or webhooks that are due have been waiting for minutes ({{ $labels.instance }})',
    meaning:
      'Notifications are queued in Postgres and not sent: the mail server is unavailable, or the notifiers do not keep up.',
    action:
      'Look for `deliveries wait: their channel is unavailable` in the log of the notifier, and at the mail server. Where endpoints are slow, start more notifiers. See [operating notifications](notifications.md#operations).',
    test: {
      fires: [{ metric: 'eventtrail_notifier_overdue_seconds', values: '301+60x120' }],
      quiet: [{ metric: 'eventtrail_notifier_overdue_seconds', values: '20+0x120' }]
    }
  },
  {
    name: 'EventtrailNotifierMailServerAway',
    severity: 'warning',
    metrics: ['eventtrail_notifier_deliveries_total'],
    expr: 'increase(eventtrail_notifier_deliveries_total{channel="email",result="unavailable"}[15m]) > 0',
    minutes: 15,
    summary: 'The mail server has not been taking mails for a quarter of an hour ({{ $labels.instance }})',
    meaning: 'It is unreachable, busy, or refuses the login or the sender. Mails wait in Postgres; none is lost.',
    action: 'Look at the mail server and at the login in `SMTP_URL` and `SMTP_PASSWORD`. Mails continue by themselves.',
    test: {
      fires: [{ metric: 'eventtrail_notifier_deliveries_total', labels: away, values: '0+1x120' }],
      labels: away,
      quiet: [
        { metric: 'eventtrail_notifier_deliveries_total', labels: { ...away, result: 'delivered' }, values: '0+50x120' }
      ]
    }
  },
  {
    name: 'EventtrailNotifierGaveUp',
    severity: 'warning',
    metrics: ['eventtrail_notifier_deliveries_total'],
    expr: 'increase(eventtrail_notifier_deliveries_total{result="failed"}[15m]) > 0',
    minutes: 0,
    summary: 'Notifications by {{ $labels.channel }} were given up ({{ $labels.instance }})',
    meaning: 'A receiver refused them, or failed at each of eight attempts in 28 hours.',
    action:
      '`eventtrail deliveries list --state failed` shows each with its attempts. Once the cause is gone, `eventtrail deliveries retry` sends them again.',
    test: {
      fires: [{ metric: 'eventtrail_notifier_deliveries_total', labels: failed, values: once }],
      labels: failed,
      quiet: [{ metric: 'eventtrail_notifier_deliveries_total', labels: failed, values: never }]
    }
  },
  {
    name: 'EventtrailNotifierEndpointOff',
    severity: 'warning',
    metrics: ['eventtrail_notifier_endpoints_switched_off_total'],
    expr: 'increase(eventtrail_notifier_endpoints_switched_off_total[1h]) > 0',
    minutes: 0,
    summary: 'A webhook endpoint was switched off ({{ $labels.instance }})',
    meaning: 'It answered 410, or failed for five days: nothing more is sent to it, and nothing is queued for it.',
    action:
      '`eventtrail subscriptions list` shows which and why. Ask its owner; `eventtrail subscriptions enable` switches it on, and what waits for it is sent.',
    test: {
      fires: [{ metric: 'eventtrail_notifier_endpoints_switched_off_total', values: once }],
      quiet: [{ metric: 'eventtrail_notifier_endpoints_switched_off_total', values: never }]
    }
  }
]
