export { type Alert, alertRules, alertSections, alertsOfParts, alertTests } from './alerts/index.ts'
export { dashboard } from './dashboard.ts'
export { valuesSchema } from './values-schema.ts'
