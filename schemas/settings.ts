import { asText, type Setting } from '../core/index.ts'
import { registrySettings } from './registry/index.ts'

/** Where commands find schemas. */
export const schemaSettings = {
  ...registrySettings,
  schemasDir: {
    env: 'EVENTTRAIL_SCHEMAS',
    flag: '--schemas <dir>',
    help: 'folder of event schemas',
    parse: asText
  }
} as const satisfies Record<string, Setting<unknown>>
