import { Argument, type Command, InvalidArgumentError } from 'commander'
import { printableJson, UsageError } from '../../core/index.ts'
import { eventNamePattern } from '../../schemas/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes } from '../command.ts'
import { aclCommands } from './commands.ts'
import { grantsOf, type Part, parts } from './grants.ts'

interface AclFlags {
  readonly principal?: string
  readonly group?: string
  readonly events?: readonly string[]
  readonly commandConfig?: string
  readonly json?: boolean
}

/** Adds `acls`: prints, and asks no server. */
export function aclCommandsOf(program: Command, host: CommandHost): void {
  host
    .connect(program.command('acls'), 'brokers', 'topicPrefix')
    .description('print the rights that a part needs in Kafka, as calls of kafka-acls.sh; changes nothing')
    .addArgument(new Argument('<part>', 'what logs in to Kafka').choices(parts))
    .option('--principal <principal>', 'who gets the rights (default: "User:" and the name of the part)', principalOf)
    .option(
      '--group <name>',
      'consumer group, without the prefix (default: that of the part; required for group; for operator also its dead letters)'
    )
    .option('--events <names>', 'only these events, separated by commas (default: every topic of the prefix)', events)
    .option('--command-config <file>', 'file with the login of an administrator, passed on to kafka-acls.sh')
    .option('--json', 'print one JSON object per line')
    .action(host.action(acls))
}

function principalOf(text: string): string {
  if (!/^\w+:./.test(text)) throw new InvalidArgumentError('Expected a type and a name, such as User:orders.')
  return text
}

function events(text: string): readonly string[] {
  const names = text.split(',').map(name => name.trim())
  const wrong = names.find(name => !eventNamePattern.test(name))
  if (wrong !== undefined) throw new InvalidArgumentError('Expected names of events, such as order.placed.')
  return names
}

async function acls({ config, out }: CommandContext, part: Part, flags: AclFlags): Promise<ExitCode> {
  const { principal = `User:${part}`, group, events: named = [], commandConfig, json } = flags
  if (part === 'group' && group === undefined)
    throw new UsageError('--group is missing: name the consumer group of your handlers, without the prefix')
  const grants = grantsOf(part, { topicPrefix: config.get('topicPrefix'), events: named, group })
  const brokers = config.get('brokers') ?? ['localhost:9092']
  const lines = json
    ? grants.map(grant => printableJson({ principal, ...grant }))
    : aclCommands(grants, { brokers, principal, commandConfig })
  for (const line of lines) out(line)
  return exitCodes.ok
}
