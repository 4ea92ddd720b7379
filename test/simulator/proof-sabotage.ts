import { Statement, type StatementLimits, signNote } from '../../proof/index.ts'
import type { TrailSession } from '../../trail/session/session.ts'
import { testOrigin, testParties } from '../support/proof/parties.ts'

/** Ways to break the statements of a sink on purpose; a checker that does not see each of them is none. */
export const proofSabotages = [
  'leaf of another row',
  'statement outside of the transaction',
  'fork kept after a rollback',
  'aside forgotten',
  'stretch merged over a gap',
  'statement without a signature'
] as const
export type ProofSabotage = (typeof proofSabotages)[number]

type Options = ConstructorParameters<typeof Statement>[0]
type Attempt = ReturnType<Statement['attempt']>
type Parameters = globalThis.Parameters<Statement['attempt']>

// Small, so that entries are extended and closed within a schedule.
const limits: StatementLimits = { rows: 12, ms: 3_000, bytes: 2_500 }
const options = (writer: string): Options => ({
  origin: testOrigin,
  writer,
  group: 'sink',
  prefix: '',
  sign: text => signNote(text, testParties.sink),
  limits
})

/** What begins the statements of the sessions of one process, whole or broken in one way. */
export function statements(newWriter: () => string, how?: ProofSabotage): () => Statement {
  let kept: Statement | undefined
  return () => {
    switch (how) {
      case 'leaf of another row':
        return new OtherLeaf(options(newWriter()))
      case 'fork kept after a rollback':
        kept ??= new KeptFork(options(newWriter()))
        return kept
      case 'aside forgotten':
        return new NoAside(options(newWriter()))
      case 'stretch merged over a gap':
        return new MergedStretch(options(newWriter()))
      case 'statement without a signature':
        return new Statement({ ...options(newWriter()), sign: text => text })
      default:
        return new Statement(options(newWriter()))
    }
  }
}

class OtherLeaf extends Statement {
  #before: Buffer | undefined

  override attempt(chunks: Parameters[0], moment: Parameters[1]): Attempt {
    const others = chunks.map(chunk => {
      const leaf = this.#before
      this.#before = chunk.leaves.length > 0 ? chunk.leaves.subarray(0, 32) : this.#before
      return leaf && chunk.leaves.length > 0
        ? { ...chunk, leaves: Buffer.concat([leaf, chunk.leaves.subarray(32)]) }
        : chunk
    })
    return super.attempt(others, moment)
  }
}

class KeptFork extends Statement {
  override attempt(chunks: Parameters[0], moment: Parameters[1]): Attempt {
    const attempt = super.attempt(chunks, moment)
    super.stored(attempt)
    return attempt
  }
  override stored(): void {}
}

class NoAside extends Statement {
  override attempt(chunks: Parameters[0], moment: Parameters[1]): Attempt {
    const bare = chunks.map(chunk => ({ ...chunk, aside: [] }))
    return super.attempt(bare, moment)
  }
}

class MergedStretch extends Statement {
  readonly #lasts = new Map<string, number>()

  override attempt(chunks: Parameters[0], moment: Parameters[1]): Attempt {
    const merged = chunks.map(chunk => {
      const place = `${chunk.topic}/${chunk.partition}#${chunk.incarnation}`
      const last = this.#lasts.get(place)
      this.#lasts.set(place, chunk.last)
      return last !== undefined && last < chunk.first ? { ...chunk, first: last + 1 } : chunk
    })
    return super.attempt(merged, moment)
  }
}

/** The session of a sink that stores its statements after the commit. */
export function statedLater(session: TrailSession, how: ProofSabotage | undefined): TrailSession {
  if (how !== 'statement outside of the transaction') return session
  let later: NonNullable<globalThis.Parameters<TrailSession['writeLedger']>[2]> = []
  const methods: Partial<TrailSession> = {
    writeLedger: async (entries, hourOf, stated = []) => {
      later = stated
      await session.writeLedger(entries, hourOf)
      return true
    },
    commit: async () => {
      await session.commit()
      if (later.length === 0) return
      await session.begin()
      await session.writeLedger([], () => new Date(0), later)
      await session.commit()
    }
  }
  return new Proxy(session, {
    get(target, name) {
      const method = Reflect.get(methods, name) ?? Reflect.get(target, name, target)
      return typeof method === 'function' ? method.bind(target) : method
    }
  })
}
