import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import {
  openTileStore,
  readCheckpoint,
  readEntries,
  readTile,
  Sealer,
  type SealerOptions,
  type TileStore
} from '../../../audit/index.ts'
import {
  checkCheckpoint,
  composeTile,
  entryHash,
  logRoot,
  newTiles,
  parseTrust,
  readerOf,
  signerText
} from '../../../proof/index.ts'
import { connectSession } from '../../../trail/index.ts'
import { pemOf } from '../proof/keys.ts'
import { testOrigin, testParties } from '../proof/parties.ts'

const { root, log } = testParties

/** What trusts the log of tests without a witness. */
export const logTrust = `log ${log.vkey}\nroot ${root.vkey}\nquorum none\n`

/** Sealers of the product on a proved trail of tests, and the files that its commands want. */
export function sealing(databaseUrl: string) {
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-sealing-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const trustFile = join(folder, 'trust.txt')
  writeFileSync(trustFile, logTrust)
  const keyFile = (name: string): string => {
    const path = join(folder, `${name.replaceAll('/', '-')}.key`)
    writeFileSync(path, signerText(name, pemOf(name)))
    chmodSync(path, 0o600)
    return path
  }
  const place = (): string => mkdtempSync(join(folder, 'place-'))
  const connect = () => connectSession(databaseUrl, { applicationName: 'eventtrail-sealer' })
  return {
    folder,
    trustFile,
    keyFile,
    /** A folder of its own. */
    place,
    openPlace: (path: string): Promise<TileStore> => openTileStore(`file:${path}`, { env: {}, warn: () => undefined }),
    connect,
    sealer: (places: SealerOptions['places'], more: Partial<SealerOptions> = {}) =>
      new Sealer({ ...{ connect, signer: log, trust: parseTrust(logTrust), places }, ...more }),
    /** For `eventtrail proof checkpoint` into a folder. */
    env: (path: string) => ({
      DATABASE_URL: databaseUrl,
      PROOF_STORE: `file:${path}`,
      PROOF_TRUST: trustFile,
      PROOF_KEY_FILE: keyFile(testOrigin)
    }),
    /** Holds every file of a log in a folder against its entries, without what wrote them. @returns the entries */
    wholeLog: async (path: string): Promise<readonly string[]> => {
      const store = await openTileStore(`file:${path}`, { env: {}, warn: () => undefined })
      const { size, root } = checkCheckpoint((await readCheckpoint(store)) ?? '', parseTrust(logTrust))
      const entries = await Array.fromAsync(readEntries(store, size))
      const read = readerOf(entries.map(entryHash))
      expect(logRoot(size, read)).toEqual(root)
      for (const tile of newTiles(0, size)) expect(await readTile(store, tile)).toEqual(composeTile(tile, read))
      return entries.map(String)
    }
  }
}
