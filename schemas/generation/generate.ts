import { checkOptions, rule } from '../../core/index.ts'
import { type AvroRecord, parseSchema, type RecordNode } from '../avro/index.ts'
import { namespaceOf } from '../envelope.ts'
import { catalogueRule } from '../options.ts'
import type { Catalogue } from '../types.ts'
import { EventWriter, Names } from './event-writer.ts'
import { quoted, templateText } from './source-text.ts'

export interface GenerateOptions {
  /** Module that has `catalogueOf` and the type `Catalogue`. Default `eventtrail/schemas`. */
  readonly importFrom?: string
}

// What the file itself uses.
const ownNames = ['Events', 'Catalogue', 'JSON', 'Uint8Array', 'Date', 'Object']

/**
 * The TypeScript file of a catalogue: an interface per event as it is read and one as it is published, the map
 * `Events` of them, and `catalogue`, which holds the schemas themselves. Types are those of the latest versions.
 * @throws OptionsError
 */
export function generateTypes(catalogue: Catalogue, options: GenerateOptions = {}): string {
  checkOptions({ catalogue }, { catalogue: catalogueRule })
  checkOptions(options, { importFrom: rule.text })
  const { importFrom = 'eventtrail/schemas' } = options
  const names = new Names(ownNames)
  const declarations: string[] = []
  const entries: string[] = []
  for (const eventName of catalogue.eventNames) {
    const writer = new EventWriter(eventName, names)
    const node = parseSchema(catalogue.version(eventName).payload, namespaceOf(eventName))
    const { payload, input } = writer.write(node as RecordNode)
    declarations.push(...writer.declarations)
    entries.push(`  readonly '${eventName}': { readonly payload: ${payload}; readonly input: ${input} }`)
  }
  const header = [
    '// Made by `eventtrail schemas generate` from the schemas: change those and run it again.',
    '// biome-ignore-all format: generated',
    '/* eslint-disable */',
    `import { type Catalogue, catalogueOf } from ${quoted(importFrom)}`
  ].join('\n')
  const events = [
    '/** Event name → what it carries: `payload` as it is read, `input` as it is published. */',
    'export type Events = {',
    ...entries,
    '}'
  ].join('\n')
  return `${[header, ...declarations, events, embedded(catalogue)].join('\n\n')}\n`
}

/**
 * The schemas as data, a line a field. They are in the file as the text of their JSON and nothing of them as code:
 * names and attributes of a schema are text from elsewhere.
 */
function embedded(catalogue: Catalogue): string {
  const versions = (eventName: string) => catalogue.versions(eventName).map(({ payload }) => embeddedRecord(payload))
  return [
    '/** The events above with their schemas. */',
    'export const catalogue: Catalogue<Events> = catalogueOf<Events>({',
    catalogue.eventNames.map(name => `  '${name}': [\n${versions(name).join(',\n')}\n  ]`).join(',\n'),
    '})'
  ].join('\n')
}

function embeddedRecord({ type, fields, ...rest }: AvroRecord): string {
  const attributes = Object.entries({ type, ...rest }).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`
  )
  const lines = fields.map(field => `    ${JSON.stringify(field)}`)
  const json = ['{', ...attributes, '  "fields": [', lines.join(',\n'), '  ]', '}'].join('\n')
  return `    JSON.parse(\`${templateText(json)}\`)`
}
