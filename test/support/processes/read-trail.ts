import { registerHooks } from 'node:module'

/** Reads a trail with pg alone, and prints what it found and which packages were loaded for it. */
const packages = new Set<string>()
registerHooks({
  load(url, context, nextLoad) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
    if (name !== undefined) packages.add(name)
    return nextLoad(url, context)
  }
})

const read = await import('../../../trail/index.ts')
const { countQuarantine, lagOf, listLedgerFaults, listPositions, readLedger } = read
const { Pool } = (await import('pg')).default
const [databaseUrl, group = '', end] = process.argv.slice(2)
const pool = new Pool({ connectionString: databaseUrl })
const positions = await listPositions(pool, group)
const found = {
  positions: positions.map(({ topic, partition, nextOffset }) => ({ topic, partition, nextOffset })),
  lags: positions.map(position => lagOf(position, { start: 0, end: Number(end), highWatermark: Number(end) })),
  ledger: await readLedger(pool, { group }),
  faults: await listLedgerFaults(pool, { group }),
  quarantine: await countQuarantine(pool),
  halted: await read.listHalted(pool),
  topics: [...(await read.topicsByGroup(pool, group))],
  sums: {
    faults: await read.sumLedgerFaults(pool, { group }),
    gaps: await read.sumAcceptedGaps(pool, { group }),
    quarantine: await read.sumQuarantine(pool, { group }),
    ofOthers: await read.sumQuarantine(pool, { topics: [] })
  },
  packages: [...packages]
}
await pool.end()
process.stdout.write(JSON.stringify(found))
