import { Cursor, maxDepth } from '../../schemas/index.ts'
import { BadRecordError } from '../errors.ts'

/** A position in Avro bytes of which rows are made: what is wrong with them refuses the record. */
export class AvroCursor extends Cursor {
  /** @throws BadRecordError `DECODE_FAILED` */
  override fail(what: string): never {
    throw new BadRecordError('DECODE_FAILED', what)
  }

  override cutShort(): never {
    return this.fail('the value is cut short')
  }

  /** @throws BadRecordError `NESTED_TOO_DEEP` */
  override nestedTooDeep(): never {
    throw new BadRecordError('NESTED_TOO_DEEP', `the payload nests deeper than ${maxDepth} levels`)
  }
}
