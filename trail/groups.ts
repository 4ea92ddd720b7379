/** The group of a sink that was given none, without the prefix. */
export const defaultGroup = 'sink'

/** That the trail has nothing of a group, and what it has instead; undefined where it has. Names are without the prefix. */
export function unknownGroup(group: string, known: readonly string[], topicPrefix: string): string | undefined {
  if (known.includes(group)) return undefined
  const bare = (name: string) => name.slice(topicPrefix.length)
  const under = topicPrefix === '' ? '' : ` under the prefix ${topicPrefix}`
  const has = known.length === 0 ? 'no group' : `the groups ${known.map(bare).join(', ')}`
  return `No sink of group ${bare(group)} has read anything${under}: check --group and --prefix. The trail knows ${has}${under}`
}
