import { examineOpenSearch, type SearchFinding } from '../../consumers/indexer/index.ts'
import { ConfigError } from '../../core/index.ts'
import type { Config } from '../config.ts'
import { openSearchOf } from './index-of.ts'

/**
 * Prepares to look at OpenSearch, where it has the search documents.
 * @returns undefined where it has not
 * @throws ConfigError
 */
export function searchExamination(config: Config): (() => Promise<readonly SearchFinding[]>) | undefined {
  if (config.get('openSearchUrl') === undefined) return undefined
  const options = openSearchOf(config)
  return async () => {
    try {
      return await examineOpenSearch(options)
    } catch (error) {
      // The client is not installed.
      if (!(error instanceof ConfigError)) throw error
      return [{ level: 'wrong', words: error.message }]
    }
  }
}
