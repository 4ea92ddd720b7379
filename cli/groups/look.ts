import { pause, printableJson } from '../../core/index.ts'
import { keyOf } from '../../kafka/index.ts'
import {
  appliedBy,
  listGroups,
  lossOf,
  nameOf,
  Orders,
  paceOf,
  stoppedBy,
  takesOrders
} from '../../operations/index.ts'
import { type CommandContext, type ExitCode, exitCodes } from '../command.ts'
import { lookAt, onKafka } from './sources.ts'
import {
  listInLines,
  membersInLines,
  paceInWords,
  partitionsInLines,
  pausesInLines,
  runningInLines,
  stoppedInLines
} from './words.ts'

interface LookFlags {
  readonly json?: boolean
}
interface ShowFlags extends LookFlags {
  readonly group: string
  readonly over: number
}

export function list(context: CommandContext, { json }: LookFlags): Promise<ExitCode> {
  return onKafka(context, async sources => {
    await using orders = await Orders.open({ ...sources, log: context.log })
    const groups = await listGroups(sources, orders)
    for (const line of json ? groups.map(group => printableJson(group)) : listInLines(groups)) context.out(line)
    return exitCodes.ok
  })
}

export function show(context: CommandContext, { group, over, json }: ShowFlags): Promise<ExitCode> {
  const { out, say, config } = context
  return onKafka(context, async sources => {
    await using orders = await Orders.open({ ...sources, log: context.log })
    const before = await lookAt(context, sources, group)
    const began = performance.now()
    await pause(over, context.signal)
    const look = await lookAt(context, sources, group)
    if (look.members.length === 0 && look.partitions.length === 0) {
      say(`Kafka has no group ${look.group}, or it has read nothing and has no members: check --group and --prefix`)
      return exitCodes.notOk
    }
    const pace = paceOf(before.partitions, look.partitions, performance.now() - began)
    const loss = await lossOf(sources, look.partitions)
    const { pauses, rewinds, revision } = orders.of(look.group)
    const stopped = stoppedBy(look.members)
    if (json) {
      const applied = appliedBy(look.members, { revision })
      out(
        printableJson({
          ...look,
          ...{ pace, pauses, rewinds, revision, appliedBy: applied.by.length },
          stopped: stopped.map(({ member, ...each }) => ({ ...each, member: nameOf(member) })),
          partitions: look.partitions.map(each => ({ ...each, lossInMs: loss.inMs.get(keyOf(each)) ?? null })),
          members: look.members.map(member => ({
            ...member,
            ...{ name: nameOf(member), takesOrders: takesOrders(member) ?? null }
          }))
        })
      )
      return exitCodes.ok
    }
    out(paceInWords(look, pace))
    for (const line of partitionsInLines(look, pauses, loss)) out(line)
    if (look.members.length > 0) for (const line of membersInLines(look.members)) out(line)
    for (const line of pausesInLines(pauses, revision, look.members)) out(line)
    for (const line of stoppedInLines(stopped)) out(line)
    for (const { topic, partition, offset } of rewinds) out(`ordered: ${topic}/${partition} is to read on at ${offset}`)
    for (const line of runningInLines(look.members)) out(line)
    if (!loss.isKnown) say('The time until loss is not known: Kafka does not let this user read the settings of topics')
    if (look.kind === 'other')
      say(
        `No member of eventtrail is in this group, so it takes no orders: kafka-consumer-groups.sh --bootstrap-server ${config.require('brokers').join()} --describe --group ${look.group}`
      )
    return exitCodes.ok
  })
}
