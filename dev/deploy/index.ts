export { type Alert, alertRules, alertSections, alertsOfParts, alertTests, type MetricName } from './alerts/index.ts'
export { dashboard, queriesOf } from './dashboard.ts'
export { valuesSchema } from './values-schema.ts'
