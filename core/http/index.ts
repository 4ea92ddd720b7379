/** One HTTP request with limits, and tokens of OAuth 2. */
export { exchange, type Incoming, TimedOut, Unacceptable } from './exchange.ts'
export {
  isToken,
  type LimitedToken,
  maxTokenAnswerBytes,
  TokenKeeper,
  tokenIn,
  tokenRequest
} from './tokens.ts'
