import { afterAll } from 'vitest'
import { Findings, openTileStore, placeWords, type VerifyProofParts, verifyProof } from '../../../audit/index.ts'
import { openPool } from '../../../postgres/index.ts'
import { parseTrust } from '../../../proof/index.ts'

/** Verifies a trail of a test in this process. Call it once, at the top of the file. */
export function verifierOf(trail: { readonly databaseUrl: string; readonly store: string; readonly trust: string }) {
  const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 3 })
  afterAll(() => pool.end())
  let known: readonly string[] = []

  /** @param places default: that of the trail */
  const verify = async (
    more: Partial<Pick<VerifyProofParts, 'since' | 'kept' | 'onProgress' | 'signal'>> = {},
    places: readonly string[] = [trail.store]
  ) => {
    const findings = new Findings()
    const stores = await Promise.all(places.map(place => openTileStore(place, { env: {}, warn: () => undefined })))
    const verified = await verifyProof(
      {
        ...{ onProgress: () => undefined, signal: new AbortController().signal },
        ...{ pool, stores, trust: parseTrust(trail.trust), ...more }
      },
      findings
    )
    const found = findings.kept.map(({ code, place, words }) => `${code}  ${placeWords(place)}: ${words}`)
    return { verified, found }
  }

  return {
    verify,
    /** What is found now and was not at the call before. */
    fresh: async (): Promise<readonly string[]> => {
      const before = known
      known = (await verify()).found
      return known.filter(each => !before.includes(each))
    }
  }
}
