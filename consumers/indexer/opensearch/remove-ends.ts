import { isObject } from '../../../core/index.ts'
import { errorOf, typeOf } from './faults.ts'
import type { SearchHttp } from './http.ts'

/** The most that are removed with one call. */
const mostEnds = 1_000

interface Found {
  readonly _index: string
  readonly _id: string
  readonly _seq_no: number
  readonly _primary_term: number
}

/**
 * Removes ends of documents that were written longer ago than `keepMs`: by a search and a bulk request, for which the rights
 * of the indexer are enough. One that a later event has replaced in between is left. OpenSearch knows the version of what
 * was removed for 60 s more (`index.gc_deletes`).
 * @returns how many
 */
export async function removeEnds(http: SearchHttp, name: string, keepMs: number): Promise<number> {
  const old = [{ term: { deleted: true } }, { range: { deleted_at: { lt: Math.floor(Date.now() - keepMs) } } }]
  const { body } = await http.ask({
    method: 'POST',
    path: `/${encodeURIComponent(name)}/_search`,
    body: { size: mostEnds, _source: false, seq_no_primary_term: true, query: { bool: { filter: old } } }
  })
  const found = isObject(body) && isObject(body.hits) && Array.isArray(body.hits.hits) ? body.hits.hits : []
  if (found.length === 0) return 0
  const lines = (found as readonly Found[]).map(({ _index, _id, _seq_no, _primary_term }) =>
    JSON.stringify({ delete: { _index, _id, if_seq_no: _seq_no, if_primary_term: _primary_term } })
  )
  const answer = await http.ask({ method: 'POST', path: '/_bulk', lines: `${lines.join('\n')}\n` })
  const results = isObject(answer.body) && Array.isArray(answer.body.items) ? answer.body.items : []
  let removed = 0
  for (const result of results) {
    const { status, error } = isObject(result) && isObject(result.delete) ? result.delete : {}
    if (status === 200) removed += 1
    else if (typeof status === 'number' && ![404, 409].includes(status))
      throw errorOf({ status, type: typeOf({ error }) })
  }
  return removed
}
