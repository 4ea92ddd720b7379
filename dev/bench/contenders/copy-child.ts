// Feeds files to COPY where there is no psql: copy-child.ts <database url> <file>…
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { copyColumns } from './copy-files.ts'

const [url, ...files] = process.argv.slice(2)
const client = new pg.Client({ connectionString: url })
await client.connect()
for (const file of files) {
  await pipeline(
    createReadStream(file, { highWaterMark: 1 << 18 }),
    client.query(copyFrom(`COPY event_envelopes (${copyColumns}) FROM STDIN`))
  )
}
await client.end()
