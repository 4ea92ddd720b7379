import { SecretUnreadable } from '../../../core/index.ts'
import { SearchError } from '../errors.ts'

/** What OpenSearch says of a request or of one document: its status and the type of its error, never its words. */
export interface Fault {
  readonly status: number
  readonly type: string
}

/**
 * The error for a status of OpenSearch, of a whole request or of one document of several.
 * @param isDocument whether it can be the fault of one document
 */
export function errorOf({ status, type }: Fault, isDocument = false): SearchError {
  const answer = type === '' ? String(status) : `${status} ${type}`
  // A node whose disk is full takes no writes (disk.watermark.flood_stage), and says so with 403 or 429.
  if (status === 429 || status >= 500 || type === 'cluster_block_exception')
    return new SearchError('SEARCH_UNAVAILABLE', `OpenSearch is busy or out of room (${answer}); trying again`)
  if (status === 401)
    return new SearchError('SEARCH_DENIED', `OpenSearch refuses the login (401): check ${loginSettings}`)
  if (status === 403)
    return new SearchError('SEARCH_DENIED', `OpenSearch forbids what was asked (${answer}): give the login this right`)
  if (status === 404)
    return new SearchError(
      'SEARCH_INDEX_MISSING',
      `OpenSearch has no such index (${answer}): check OPENSEARCH_INDEX; \`eventtrail indexer\` and \`eventtrail index rebuild\` create it`
    )
  if (isDocument)
    return new SearchError('DOCUMENT_REFUSED', `OpenSearch refuses a document because of what is in it (${answer})`)
  return new SearchError('SEARCH_FAILED', `OpenSearch refuses a request (${answer})`)
}

const loginSettings = 'OPENSEARCH_USERNAME, OPENSEARCH_PASSWORD and OPENSEARCH_API_KEY'

/** What the client says of TLS, which it passes on as words alone. */
const tlsWords: readonly (readonly [RegExp, string])[] = [
  [
    /self.signed|unable to (verify|get)|issuer/i,
    'its certificate is of no CA that is known here: OPENSEARCH_CA_LOCATION names one'
  ],
  [/expired|not yet valid/i, 'its certificate is not valid at this time'],
  [/altnames|does not match/i, 'its certificate is for another name than the one in OPENSEARCH_URL'],
  [
    /wrong version number|packet length too long/i,
    'it does not speak TLS on this port: begin OPENSEARCH_URL with http://'
  ],
  [
    /certificate required|bad certificate|handshake failure|unknown ca/i,
    'it refuses the certificate of this client, or misses it: check OPENSEARCH_CERTIFICATE_LOCATION and OPENSEARCH_KEY_LOCATION'
  ]
]

/** The error for whatever the client threw. */
export function clientError(thrown: unknown): SearchError {
  if (thrown instanceof SearchError) return thrown
  if (thrown instanceof SecretUnreadable)
    return new SearchError('SEARCH_DENIED', `The login to OpenSearch is not possible: ${thrown.message}`)
  const { name, message, statusCode, body } = thrown as Partial<Error> & { statusCode?: unknown; body?: unknown }
  if (typeof statusCode === 'number') return errorOf({ status: statusCode, type: typeOf(body) })
  if (name === 'TimeoutError')
    return new SearchError('SEARCH_UNAVAILABLE', 'OpenSearch did not answer in time; trying again')
  const tls = tlsWords.find(([words]) => words.test(message ?? ''))
  if (tls) return new SearchError('SEARCH_TLS', `TLS with OpenSearch fails: ${tls[1]}`)
  const code = /\b(E[A-Z]{3,}|EAI_[A-Z]+)\b/.exec(message ?? '')?.[1]
  return new SearchError(
    'SEARCH_UNAVAILABLE',
    `OpenSearch is unreachable${code ? ` (${code})` : ''}: check OPENSEARCH_URL, and that the server runs`
  )
}

/** `mapper_parsing_exception` and the like; a name and no text of a document. */
export function typeOf(body: unknown): string {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined
  return typeof type === 'string' && /^[\w.]{1,80}$/.test(type) ? type : ''
}
