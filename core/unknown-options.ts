import { printable } from './printable.ts'

// One object with these may be handed to every part of a process, whether the part has use for each of them or not.
const shared = ['brokers', 'registryUrl', 'databaseUrl', 'topicPrefix', 'security', 'catalogue', 'log', 'meter']

/**
 * The first option of a name that there is not, for callers without types: passed over in silence, `topicPrefx` would
 * have a producer publish to other topics. As much of it as a line has room for.
 * @param known names of the options that there are.
 */
export function unknownOption(given: object, known: readonly string[]): string | undefined {
  const unknown = Object.keys(given).find(name => !known.includes(name) && !shared.includes(name))
  return unknown === undefined ? undefined : printable(unknown.slice(0, 80))
}
