import { randomUUID } from 'node:crypto'
import { regularly } from '../../core/clock.ts'
import { silentLogger } from '../../core/logger.ts'
import { Pipeline } from '../../sink/pipeline.ts'
import { guardsOf, type Sabotage, sabotaged } from '../support/processes/sabotage.ts'
import { testOrigin, testParties } from '../support/proof/parties.ts'
import { violations } from './checker.ts'
import { Database, emptyTables, type Tables } from './database.ts'
import { eventName, type Kind, makeEvent, type SimEvent, schemas } from './events.ts'
import { Group, Member } from './group.ts'
import { Log, Topic } from './log.ts'
import { fakePositions } from './positions.ts'
import { proofViolations } from './proof-checker.ts'
import { type ProofSabotage, proofSabotages, statedLater, statements } from './proof-sabotage.ts'
import type { Happening, Schedule } from './schedule.ts'
import { FakeSession, type Wire } from './session.ts'
import { Process, World } from './world.ts'

const restMs = 3_600_000
// By then every sink has looked whether the topic is the one that it reads.
const quietMs = 15_000

/** Runs a schedule to its end. @returns what is wrong then, in words; nothing when all is well. */
export async function simulate(schedule: Schedule, sabotage?: Sabotage | ProofSabotage): Promise<string[]> {
  return new Simulation(schedule, sabotage).run()
}

const isOfProof = (sabotage: Sabotage | ProofSabotage | undefined): sabotage is ProofSabotage =>
  proofSabotages.some(each => each === sabotage)

/** One run: the world, and the sinks in it. */
class Simulation {
  readonly #schedule: Schedule
  readonly #sabotage: Sabotage | undefined
  readonly #proofSabotage: ProofSabotage | undefined
  readonly #world: World
  readonly #topic: Topic
  readonly #group: Group
  readonly #wire: Wire
  readonly #sinks = new Map<number, { process: Process; member: Member }>()
  readonly #failures: string[] = []
  readonly #faults: Schedule['faults'][number][]
  #untilFault = 0
  /** What may come again. */
  readonly #readable: SimEvent[] = []
  #healed = false
  #backup: Tables = emptyTables()

  constructor(schedule: Schedule, broken?: Sabotage | ProofSabotage) {
    this.#schedule = schedule
    const sabotage = isOfProof(broken) ? undefined : broken
    this.#sabotage = sabotage
    this.#proofSabotage = isOfProof(broken) ? broken : undefined
    this.#world = new World(schedule.seed)
    this.#topic = new Topic(eventName, schedule.partitions)
    this.#group = new Group(this.#world, this.#topic, schedule.fetchCount)
    this.#faults = [...schedule.faults]
    this.#untilFault = this.#faults[0]?.after ?? 0
    const gone = sabotage ? guardsOf[sabotage] : []
    this.#wire = {
      db: new Database(this.#world, {
        uniqueIds: !gone.includes('unique ids'),
        ledgerCheck: !gone.includes('ledger'),
        prover: { origin: testOrigin, signer: testParties.sink }
      }),
      sessions: new Map(),
      latencyMs: schedule.latencyMs,
      lastSession: 0,
      nextFault: () => this.#nextFault(),
      pause: (process, ms) => this.#pause(process, ms),
      crash: (process, ms) => this.#crash(process, ms)
    }
  }

  async run(): Promise<string[]> {
    const { sinks, happenings } = this.#schedule
    for (let index = 0; index < sinks; index += 1) this.#start(index)
    const lastEvent = this.#publish()
    for (const { at, what } of happenings) this.#world.in(at, () => this.#happen(what))
    const faultsEnd = Math.max(lastEvent, ...happenings.map(({ at }) => at)) + 1_000
    let over = false
    this.#world.in(faultsEnd, () => {
      over = true
    })
    await this.#world.run(restMs, () => over)
    this.#heal()
    await this.#world.run(quietMs, () => false)
    const caughtUp = await this.#world.run(restMs, () => this.#caughtUp())
    const { tables } = this.#wire.db
    const found = [...violations(tables, this.#topic.byKey()), ...proofViolations(tables, testParties.sink)]
    for (const { process } of this.#sinks.values()) process.kill()
    return [...this.#failures, ...(caughtUp ? [] : ['the sinks do not catch up']), ...found]
  }

  #start(index: number): void {
    const process = new Process(this.#world)
    const { maxRows, lanes, breakerRecords } = this.#schedule
    const trail = fakePositions(this.#wire, process)
    const pipeline = new Pipeline({
      read: {
        consumer: () => member,
        book: schemas,
        discovery: { eventNameOf: () => eventName },
        starts: {
          trail,
          ranges: async () => {
            await process.wait(this.#world.below(20))
            return this.#topic.ranges()
          },
          topicIds: async () => {
            await process.wait(this.#world.below(20))
            return new Map(this.#schedule.topicIds ? [[eventName, this.#topic.id]] : [])
          }
        },
        breakerRecords
      },
      write: {
        connections: lanes,
        openSession: async () => {
          await process.wait(this.#world.below(20))
          const session = statedLater(new FakeSession(this.#wire, process), this.#proofSabotage)
          return sabotaged(session, this.#sabotage, trail.read)
        },
        beginStatement: statements(randomUUID, this.#proofSabotage),
        limits: { maxRows, maxBytes: 1_000_000, lingerMs: 5 },
        watch: { blockedAfterMs: 1_500 }
      },
      onWritten: () => undefined,
      onFailure: error => {
        this.#failures.push(`a sink failed: ${error.message}`)
        this.#crash(process, 1_000)
      },
      log: silentLogger,
      clock: process
    })
    const member = new Member(this.#group, process, {
      onBatch: (batch, control) => pipeline.take(batch, control),
      onPassed: passed => pipeline.passed(passed),
      onOutOfRange: partition => pipeline.positions.outOfRange(partition),
      onAssigned: partitions => pipeline.assigned(partitions)
    })
    regularly(1_000, silentLogger, () => pipeline.commitHints(), process)
    regularly(2_000, silentLogger, () => pipeline.revisit(), process)
    regularly(10_000, silentLogger, () => pipeline.positions.lookForReplaced(), process)
    this.#sinks.set(index, { process, member })
  }

  /** @returns when the last is published, in ms */
  #publish(): number {
    let at = 0
    for (const [number, { kind, partition, gap, of }] of this.#schedule.events.entries()) {
      at += gap
      this.#world.in(at, () => {
        const earlier = this.#readable[of % Math.max(1, this.#readable.length)]
        const event = eventOf(kind, number, earlier)
        if (event?.id !== undefined) this.#readable.push(event)
        this.#topic.logs[partition % this.#topic.logs.length]?.append(event)
      })
    }
    return at
  }

  #nextFault() {
    if (this.#healed || this.#faults.length === 0) return undefined
    if (this.#untilFault > 0) {
      this.#untilFault -= 1
      return undefined
    }
    const next = this.#faults.shift()
    this.#untilFault = this.#faults[0]?.after ?? 0
    return next?.fault
  }

  #happen(what: Happening): void {
    const log = 'partition' in what ? this.#topic.logs[what.partition % this.#topic.logs.length] : undefined
    const sink = 'sink' in what ? this.#sinks.get(what.sink % this.#sinks.size) : undefined
    switch (what.kind) {
      case 'rebalance':
        this.#group.rebalance()
        return
      case 'pause':
        if (sink) this.#pause(sink.process, what.ms)
        return
      case 'crash':
        if (sink) this.#crash(sink.process, what.ms)
        return
      case 'retention':
        log?.retain(what.count)
        return
      case 'cut back':
        this.#replace(what.partition, log => log.cutBack(what.count))
        return
      case 'recreate':
        if (this.#schedule.topicIds) {
          this.#topic.recreate()
          this.#readable.length = 0
        } else this.#replace(what.partition, log => log.recreate())
        return
      case 'hint':
        this.#group.committed.set(`${eventName}/${what.partition % this.#topic.logs.length}`, what.offset)
        return
      case 'backup':
        this.#backup = this.#wire.db.backup()
        return
      case 'restore':
        this.#endSessions()
        this.#wire.db.restore(this.#backup)
        return
      case 'seal':
        this.#wire.db.seal()
        return
      case 'terminate sessions':
        this.#endSessions()
        return
      case 'add partition':
        if (this.#topic.logs.length < 4) this.#topic.logs.push(new Log())
        this.#group.rebalance()
        return
    }
  }

  /**
   * Another log takes the place of a partition's. Left out is what a digest cannot show (docs/decisions/0004) where no id
   * does: the very
   * same record at the same offset, and control records with no record before them that could be compared.
   */
  #replace(number: number, change: (log: Log) => void): void {
    const partition = number % this.#topic.logs.length
    const log = this.#topic.logs[partition] as Log
    const last = this.#wire.db.tables.offsets.get(`${eventName}/${partition}`)?.lastRecord
    const comparable = last !== undefined && last.offset >= log.start
    if (!comparable && log.entries.some(({ event }) => event === undefined)) return
    change(log)
    this.#readable.length = 0
    this.#group.rebalance()
  }

  #endSessions(): void {
    for (const session of this.#wire.sessions.values()) session.terminate()
  }

  #pause(process: Process, ms: number): void {
    process.pause()
    // The coordinator misses its heartbeats.
    this.#world.in(3_000, () => this.#group.rebalance())
    this.#world.in(ms, () => {
      process.resume()
      this.#group.rebalance()
    })
  }

  #crash(process: Process, ms: number): void {
    const [index, sink] = [...this.#sinks].find(([, each]) => each.process === process) ?? []
    if (index === undefined || !sink || process.state === 'dead') return
    process.kill()
    this.#group.members.delete(sink.member)
    for (const session of this.#wire.sessions.values()) {
      if (session.process === process) this.#world.in(this.#world.below(2_000), () => session.terminate())
    }
    this.#world.in(3_000, () => this.#group.rebalance())
    this.#world.in(ms, () => this.#start(index))
  }

  /** No fault comes any more, and an operator looks at what stopped. */
  #heal(): void {
    this.#healed = true
    // By its last record alone a log that was replaced is only noticed when a sink has joined and read of it.
    if (!this.#schedule.topicIds) this.#group.rebalance()
    this.#operate()
  }

  #operate(): void {
    const { tables } = this.#wire.db
    for (const [key, { halted, ...at }] of tables.offsets) {
      if (halted === undefined) continue
      const log = this.#topic.byKey().get(key)
      const { nextOffset, incarnation, updatedAt } = at
      // `sink resume`, and `sink reset --to earliest`.
      if (halted === 'TOO_MANY_BAD') tables.offsets.set(key, at)
      else tables.offsets.set(key, { nextOffset: log?.start ?? nextOffset, incarnation: incarnation + 1, updatedAt })
    }
    this.#world.in(5_000, () => this.#operate())
  }

  #caughtUp(): boolean {
    const { tables, sessions } = { tables: this.#wire.db.tables, sessions: this.#wire.sessions }
    if ([...sessions.values()].some(({ transaction }) => transaction)) return false
    return [...this.#topic.byKey()].every(([key, { start, end }]) => {
      const at = tables.offsets.get(key)
      return at ? at.nextOffset === end && at.halted === undefined : start === end
    })
  }
}

function eventOf(kind: Kind, number: number, earlier: SimEvent | undefined): SimEvent | undefined {
  if (kind === 'control') return undefined
  if (kind === 'again') return earlier ?? makeEvent('good', number)
  return makeEvent(kind, number, kind === 'conflict' ? earlier : undefined)
}
