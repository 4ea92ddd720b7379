import { type Disclosure, type Ending, personFieldsOf, personsIn, personsOf } from '../../../operations/index.ts'
import type { FieldMeaning } from '../../../schemas/index.ts'
import { type QuestionStatement, readAnswers, readLines, type SnapshotOptions } from '../../../trail/index.ts'
import type { CommandContext } from '../../command.ts'
import type { RowFormat } from './formats.ts'
import type { Output } from './output.ts'

/** What is written, and where. */
export interface Export {
  readonly statement: QuestionStatement
  readonly meanings: readonly FieldMeaning[]
  readonly source: SnapshotOptions
  readonly output: Output
  /** `lines`: of JSON, as Postgres composes them. */
  readonly format: RowFormat | 'lines'
}

/** Writes the rows and counts each before. @returns how it ended: not complete where the command was signalled to stop */
export async function writeRows(context: CommandContext, parts: Export, disclosure: Disclosure): Promise<Ending> {
  const { signal } = context
  const { format, output } = parts
  try {
    if (format === 'lines') await writeLines(context, parts, disclosure)
    else await writePages(context, parts, format, disclosure)
    if (signal.aborted) return { complete: false }
    return { complete: true, ...(await output.finish()) }
  } catch (error) {
    // What was asked of Postgres was cancelled, or the reader of stdout is gone.
    if (signal.aborted) return { complete: false }
    throw error
  }
}

async function writePages(
  context: CommandContext,
  { statement, meanings, source, output }: Export,
  format: RowFormat,
  disclosure: Disclosure
): Promise<void> {
  const fields = personFieldsOf(meanings)
  const file = await format(output)
  let rows = 0
  for await (const page of readAnswers(statement, source)) {
    if (context.signal.aborted) return
    for (const { id, event_name: eventName, aggregate_id: aggregateId, payload } of page)
      disclosure.count({ id, persons: personsOf(fields, { eventName, aggregateId, payload }) })
    await file.write(page)
    await disclosure.keepUp()
    rows += page.length
    drawRows(context, rows)
  }
  await file.end()
}

/** Bytes that are written at a time. */
const pieceBytes = 1 << 18

async function writeLines(
  context: CommandContext,
  { statement, meanings, source, output }: Export,
  disclosure: Disclosure
): Promise<void> {
  // Used again for each piece: it is written before the next one begins.
  let piece = Buffer.allocUnsafe(2 * pieceBytes)
  let filled = 0
  let rows = 0
  const writePiece = async () => {
    await output.write(piece.subarray(0, filled))
    filled = 0
  }
  await readLines(statement, meanings, source, {
    take({ bytes, start, end }, id, persons) {
      disclosure.count({ id, persons: persons === undefined ? undefined : personsIn(JSON.parse(persons)) })
      rows += 1
      const wanted = filled + end - start
      if (wanted > piece.length) piece = Buffer.concat([piece], 2 * wanted)
      filled += bytes.copy(piece, filled, start, end)
    },
    async keepUp() {
      context.signal.throwIfAborted()
      if (filled < pieceBytes) return
      await writePiece()
      await disclosure.keepUp()
      drawRows(context, rows)
    }
  })
  await writePiece()
}

function drawRows({ interactive, draw }: CommandContext, rows: number): void {
  if (interactive) draw(`\r\x1b[K${rows.toLocaleString('en-US')} events written`)
}
