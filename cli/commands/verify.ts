import { type Command, InvalidArgumentError } from 'commander'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { type VerifyFinding, verify } from '../../operations/index.ts'
import { defaultGroup, onTrail } from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  saidWhileWaiting
} from '../command.ts'
import { databaseOf, withWhoMay } from '../connection.ts'

interface VerifyFlags {
  readonly since?: Date
  readonly topic?: readonly string[]
  readonly group: string
  readonly json?: boolean
}

/** `eventtrail verify` */
export function verifyCommands(program: Command, host: CommandHost): void {
  host
    .connect(program.command('verify'), 'brokers', 'databaseUrl', 'topicPrefix')
    .description('compare Kafka, ledger and rows to find lost events; exits 1 when something is missing')
    .option(
      '--since <time>',
      'count only rows stored since the hour of this time, such as 2026-11-01 or 2026-11-26T08:00Z',
      time
    )
    .option('--topic <names>', 'only these topics, with their prefix, comma-separated', names)
    .option('--group <name>', 'consumer group of the sink, without the prefix', defaultGroup)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThis changes nothing, and a login with the role eventtrail_reader is enough. It counts every row of the trail, unless --since or --topic limits that.'
    )
    .action(host.action((context, flags: VerifyFlags) => runVerify(context, flags)))
}

async function runVerify(context: CommandContext, { since, topic, group, json }: VerifyFlags): Promise<ExitCode> {
  const { config, log, signal } = context
  const client = createKafkaClient({ brokers: config.require('brokers'), security: config.security, log })
  const topicPrefix = config.get('topicPrefix')
  const print = (finding: Omit<VerifyFinding, 'check'> & { readonly check: string }) =>
    context.out(
      json ? JSON.stringify(finding) : `${marks[finding.level]}  ${finding.check.padEnd(10)} ${finding.words}`
    )
  const wrong = await onTrail(databaseOf(config), 'eventtrail-verify', async pool => {
    await using admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
    let doing = ''
    let began = performance.now()
    const onProgress = (words: string) => {
      doing = words
      began = performance.now()
      context.say(`eventtrail verify: ${words}`)
    }
    const still = setInterval(
      () => context.say(`eventtrail verify: ${doing}, for ${Math.round((performance.now() - began) / 1_000)} s`),
      tellEveryMs
    )
    using _ = { [Symbol.dispose]: () => clearInterval(still) }
    let found = 0
    for await (const finding of verify({
      pool,
      admin,
      group: topicPrefix + group,
      topicPrefix,
      topics: topic,
      since,
      onProgress,
      signal
    })) {
      if (finding.level === 'wrong') found += 1
      print(finding)
    }
    return found
  }).catch(asReader)
  if (signal.aborted) return exitCodes.interrupted
  print(
    wrong === 0
      ? { check: 'result', level: 'ok', words: 'nothing that was read is missing' }
      : {
          check: 'result',
          level: 'wrong',
          words: 'something is missing, or the books do not agree: see the findings above',
          records: wrong
        }
  )
  return wrong === 0 ? exitCodes.ok : exitCodes.notOk
}

/** The writer's login is the one at hand where a sink runs, and may not read the trail. */
const asReader = withWhoMay(
  'verify reads the whole trail, as the role eventtrail_reader may. Use a login that has this role in DATABASE_URL; `eventtrail migrate --roles` creates it'
)

const tellEveryMs = 10_000
const marks = { ok: 'ok    ', notice: 'notice', wrong: 'WRONG ' }

function time(text: string): Date {
  const date = new Date(text)
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('Expected a time such as 2026-11-26 or 2026-11-26T08:00Z.')
  return date
}

function names(text: string): readonly string[] {
  const topics = text.split(',').map(name => name.trim())
  if (topics.some(name => name === '')) throw new InvalidArgumentError('Expected names of topics, comma-separated.')
  return topics
}
