import { type Rule, rule } from '../core/index.ts'

const isCatalogue = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'eventNames' in value &&
  Array.isArray(value.eventNames) &&
  'versions' in value &&
  typeof value.versions === 'function'

/** The rule of the option `catalogue`, which has no default: a service says which events it knows. */
export const catalogueRule: Rule = rule.required(
  rule.such(
    isCatalogue,
    'a catalogue of events: that of `loadCatalogue()`, or of the file that `eventtrail schemas generate` writes'
  )
)
