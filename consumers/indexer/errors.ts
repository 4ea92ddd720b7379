import { type ErrorCodes, EventtrailError } from '../../core/index.ts'

export const searchErrorCodes = {
  DOCUMENT_INVALID: {
    meaning:
      'A document has no id, or one of more than 512 bytes, or a value that is no text, number, boolean or null. Its event is dead-lettered.'
  },
  DOCUMENT_REFUSED: { meaning: 'The index refuses a document because of what is in it. Its event is dead-lettered.' },
  SEARCH_UNAVAILABLE: {
    retryable: true,
    meaning:
      'OpenSearch is unreachable, busy (429), or has no room left. Events wait. Check OPENSEARCH_URL and that the server runs.'
  },
  SEARCH_DENIED: {
    retryable: true,
    misconfigured: true,
    meaning: 'OpenSearch refuses the login (401), or the login has no right to what was asked for (403). Events wait.'
  },
  SEARCH_TLS: {
    retryable: true,
    misconfigured: true,
    meaning: 'There is no TLS connection with OpenSearch that can be trusted. The message says why. Events wait.'
  },
  SEARCH_INDEX_MISSING: {
    retryable: true,
    misconfigured: true,
    meaning: 'OpenSearch has no index of this name. `eventtrail indexer` and `index rebuild` create it. Events wait.'
  },
  SEARCH_FAILED: { meaning: 'OpenSearch answers with something that is not expected. The message has its type.' }
} as const satisfies ErrorCodes
export type SearchErrorCode = keyof typeof searchErrorCodes

/** A document was not kept, or a search not answered. Repeats nothing of a document and nothing that a server says. */
export class SearchError extends EventtrailError<SearchErrorCode> {
  constructor(code: SearchErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...searchErrorCodes[code], cause })
  }
}
