/** The codecs of a batch, with a bound on what comes out of them. */
export { decompress } from './decompress.ts'
export { ContentTooLarge, giveBack, TooManyPieces } from './output.ts'
