/** In words what a topic, and so our prefixes and groups, may be made of (Kafka's org.apache.kafka.common.internals.Topic). */
export const legalCharacters = 'letters, digits, dots, - and _'

/** At most 100 of the {@link legalCharacters}: a topic has 249 at most, the event name among them. */
export const isTopicPrefix = (text: string): boolean => /^[a-zA-Z0-9._-]{0,100}$/.test(text)

/** 1 to 100 of the {@link legalCharacters}. Without the prefix. */
export const isGroupName = (text: string): boolean => /^[a-zA-Z0-9._-]{1,100}$/.test(text)

/** Name of a service, for a header. */
export const isSourceName = (text: string): boolean => /^[\x21-\x7e]{1,100}$/.test(text)

export const sourceNameWords = 'a name of 1 to 100 printable ASCII characters without spaces'

/** The first of many names. */
export function few(names: readonly string[], most = 5): string {
  const more = names.length - most
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** `1 row`, `2 rows`. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

/** A name that Postgres keeps as it is: what is longer is cut, and no schema of the system is meant. */
export const isSchemaName = (text: unknown): text is string =>
  typeof text === 'string' &&
  text !== '' &&
  Buffer.byteLength(text) <= 63 &&
  !text.includes('\0') &&
  !/^(?:pg_|information_schema$)/.test(text)

export const schemaWords = 'the name of a schema: 1 to 63 bytes, not one of the system'
