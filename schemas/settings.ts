import { asText, checkRegistryUrl, type Setting } from '../core/index.ts'

/** Where commands find schemas. */
export const schemaSettings = {
  registryUrl: {
    env: 'SCHEMA_REGISTRY_URL',
    flag: '--registry <url>',
    help: 'schema registry, its Confluent-compatible API',
    parse: checkRegistryUrl
  },
  schemasDir: {
    env: 'EVENTTRAIL_SCHEMAS',
    flag: '--schemas <dir>',
    help: 'folder of event schemas',
    parse: asText
  }
} as const satisfies Record<string, Setting<unknown>>
