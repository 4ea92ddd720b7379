import { table, whole } from '../../../dev/tools/markdown.ts'
import { type Guarantee, guarantees, notPromised, silentLosses } from './guarantees.ts'
import { type FileSummary, type IntegrityFigures, idleShare, seconds } from './log.ts'

const fileOf = (proof: string): string => `${proof.slice(proof.lastIndexOf('/') + 1)}.test.ts`
// Tests are not in the package, and the page is.
const repository = 'https://github.com/eventtrail/eventtrail/blob/main'

const linkTo = (proof: string): string => `[${proof}](${repository}/test/${proof}.test.ts)`

/** The page docs/guarantees.md: the words of `guarantees.ts`, and the numbers of the last full run if there was one. */
export function guaranteesPage(figures?: IntegrityFigures): string {
  return [
    '# Guarantees',
    `Written by \`npm run integrity\`; do not edit. The text is in [guarantees.ts](${repository}/test/integrity/report/guarantees.ts), and each guarantee is held by the tests that are named below it. [The integrity suite](${repository}/test/integrity/README.md) breaks real servers and real processes on purpose; its [checker](${repository}/test/integrity/harness/check/checker.ts) compares the answers that a publisher got with what is stored.`,
    '## The last full run',
    ...(figures ? runPart(figures) : ['No full run has been recorded yet: there are no numbers below.']),
    '## What is promised',
    ...guarantees.flatMap(guarantee => guaranteePart(guarantee, figures)),
    '## What is not promised',
    notPromised.map(({ title, words }) => `- **${title}.** ${words}`).join('\n'),
    '### Known silent losses',
    'A sink recognises its log by [the id of the topic](decisions/0020-topics-by-their-ids.md) and [the digest of the last record that it read](decisions/0004-the-last-record-by-its-digest.md). What they cannot distinguish is not reported, nor is what Kafka was asked to remove:',
    silentLosses.map(words => `- ${words}`).join('\n'),
    'Unclean elections are off unless they are turned on (`unclean.leader.election.enable`). After one, `eventtrail sink reset --to earliest --force` reads the whole log again, and what is stored already is known by its id.',
    'What was not tried at all is in [the README](../README.md#what-was-not-tried).'
  ]
    .join('\n\n')
    .concat('\n')
}

function runPart(figures: IntegrityFigures): string[] {
  const { at, minutes, seed, node, faults, longestStandstillMs, redelivered, checks, events, unknown, failed } = figures
  const { byKind, eventsPerSecond, violations } = figures
  const kinds = Object.entries(byKind).sort(([one], [other]) => (one < other ? -1 : 1))
  return [
    `${at.slice(0, 16).replace('T', ' ')} UTC, ${minutes} minutes, Node ${node}, seed ${seed}. The same numbers for programs: [integrity.json](integrity.json). \`npm run integrity -- --seed ${seed}\` makes the same random choices again.`,
    [
      `- **${whole(faults)} faults** were made. Nothing moved for ${seconds(longestStandstillMs)} at most, and ${whole(redelivered)} records were read again.`,
      `- **${whole(events)} events** were checked in ${whole(checks)} checks, ${whole(unknown)} of unknown outcome and ${whole(failed)} failed among them: ${verdict(violations.length)}.`,
      ...(eventsPerSecond === undefined ? [] : [`- The soak ran at ${whole(eventsPerSecond)} events a second.`])
    ].join('\n'),
    table(
      ['fault', 'times', 'longest standstill', 'read again'],
      kinds.map(([what, kind]) => [what, whole(kind.count), seconds(kind.longestStandstillMs), whole(kind.redelivered)])
    ),
    'A standstill contains the outage itself. "Postgres away for longer" lasts a minute on purpose: it comes back when 30,000 more events were published.'
  ]
}

function guaranteePart({ title, to, words, faults, proofs }: Guarantee, figures?: IntegrityFigures): string[] {
  const measured = proofs.flatMap(proof => {
    const file = proof.startsWith('integrity/') ? figures?.byFile[fileOf(proof)] : undefined
    return file ? [fileRow(proof, file)] : []
  })
  return [
    `### ${title}`,
    `*To ${to.join(' and ')}.* ${words}`,
    `Under: ${faults}.`,
    `Proved by ${proofs.map(linkTo).join(', ')}.`,
    ...(measured.length > 0
      ? [table(['', 'faults', 'longest standstill', 'read again', 'events checked', 'checker'], measured)]
      : []),
    ...(proofs.includes('integrity/idle') && figures && figures.idle.length > 0 ? [idleTable(figures)] : [])
  ]
}

function fileRow(proof: string, file: FileSummary): string[] {
  const { faults, longestStandstillMs, redelivered, events, checks, violations } = file
  const made = faults > 0
  return [
    fileOf(proof).replace('.test.ts', ''),
    whole(faults),
    made ? seconds(longestStandstillMs) : '',
    made ? whole(redelivered) : '',
    whole(events),
    checks > 0 ? verdict(violations) : 'none'
  ]
}

function idleTable({ idle }: IntegrityFigures): string {
  return table(
    ['idle', 'Node', 'for', 'of a core'],
    idle.map(each => [each.process, each.node, `${whole(each.seconds)} s`, idleShare(each)])
  )
}

const verdict = (violations: number): string => (violations === 0 ? 'clean' : `**${violations} violations**`)
