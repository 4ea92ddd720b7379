import { notifierAlerts } from './notifier-alerts.ts'
import { groupAlerts, processAlerts, producerAlerts } from './other-alerts.ts'
import { sealerAlerts } from './sealer-alerts.ts'
import { sinkAlerts } from './sink-alerts.ts'

export type { Alert } from './alert.ts'
export { alertRules, alertSections, alertTests } from './rules.ts'

/** Every alert, by the part that it watches. */
export const alertsOfParts = {
  process: processAlerts,
  sink: sinkAlerts,
  group: groupAlerts,
  notifier: notifierAlerts,
  producer: producerAlerts,
  sealer: sealerAlerts
}
