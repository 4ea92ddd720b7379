import { examineLog, openTileStore, type ProofFinding, type TileStore } from '../../audit/index.ts'
import { describeError } from '../../core/index.ts'
import type { Queries } from '../../postgres/index.ts'
import type { Config } from '../config.ts'
import { checkpointTopics, isTopic } from './places.ts'

/** Compares the log of a trail in the database with that in its places, where these are configured. Never throws. */
export function logExamination(config: Config): (queries: Queries) => Promise<readonly ProofFinding[]> {
  const addresses = (config.get('proofStore') ?? []).filter(address => !isTopic(address))
  return async queries => {
    const findings: ProofFinding[] = []
    const places: TileStore[] = []
    for (const address of addresses)
      try {
        places.push(await openTileStore(address, { env: process.env, warn: () => undefined }))
      } catch (error) {
        findings.push({ level: 'wrong', words: describeError(error) })
      }
    try {
      await using topics = checkpointTopics(config)
      return [...findings, ...(await examineLog(queries, [...places, ...topics.all]))]
    } catch (error) {
      return [...findings, { level: 'wrong', words: describeError(error) }]
    }
  }
}
