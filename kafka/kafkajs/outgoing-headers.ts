import type { IHeaders } from 'kafkajs'
import type { HeaderList } from '../types/index.ts'

interface WireHeader {
  readonly key: string
  readonly value: string | Buffer | null
}

const nothing: Buffer = Buffer.alloc(0)

/**
 * Any list of headers in the form that kafkajs takes, which is an object of values and lists of values: no place for
 * a null (its encoder measures a value before it looks whether it is one), for `__proto__`, nor for names that take
 * turns. It asks each list for its headers with `map`: this one answers with all headers, whatever their names.
 */
export function headersForKafkajs(headers: HeaderList): IHeaders {
  return { all: new WholeList(headers) as unknown as string[] }
}

class WholeList extends Array<never> {
  readonly #headers: HeaderList

  constructor(headers: HeaderList) {
    super()
    this.#headers = headers
  }

  override map<Mapped>(): Mapped[] {
    return this.#headers.map(([key, value]) => (value === null ? nullHeader(key) : { key, value })) as Mapped[]
  }
}

/** Empty when kafkajs measures it, null from then on: an empty value takes as many bytes as a null. */
function nullHeader(key: string): WireHeader {
  let measured = false
  return {
    key,
    get value() {
      if (measured) return null
      measured = true
      return nothing
    }
  }
}
