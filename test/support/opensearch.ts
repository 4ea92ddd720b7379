import { afterAll } from 'vitest'
import { startOpenSearch } from '../../dev/stack/index.ts'

/**
 * URL of an OpenSearch: that of OPENSEARCH_URL, which `stack up --with opensearch` and `stack env` give, else one of
 * this test file.
 */
export async function testOpenSearch(): Promise<string> {
  if (process.env.OPENSEARCH_URL) return process.env.OPENSEARCH_URL
  const server = await startOpenSearch()
  afterAll(() => server.stop())
  return server.url
}
