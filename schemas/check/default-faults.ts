import { isObject } from '../../core/index.ts'
import type { Logical, RecordNode, SchemaNode, UnionNode } from '../avro/index.ts'
import {
  digitsInWords,
  type LeafNode,
  leafCompleter,
  Refusal,
  timeUnitOf,
  typeInWords,
  unscaledOfBytes
} from '../avro/index.ts'

/** What is wrong with a default, and in which part of it: `.items[0]`, or empty for the whole. */
export interface DefaultFault {
  readonly at: string
  readonly message: string
}

/** Checks a default as Avro writes it in a schema (Avro 1.12, "Complex Types", `default`). */
export function* defaultFaults(node: SchemaNode, json: unknown, at = ''): Generator<DefaultFault> {
  switch (node.kind) {
    case 'array':
      if (!Array.isArray(json)) return yield { at, message: 'must be a list' }
      for (const [index, each] of json.entries()) yield* defaultFaults(node.items, each, `${at}[${index}]`)
      return
    case 'map':
      if (!isObject(json)) return yield { at, message: 'must be an object' }
      for (const each of Object.values(json)) yield* defaultFaults(node.values, each, `${at}{}`)
      return
    case 'record':
      return yield* recordFaults(node, json, at)
    case 'union':
      return yield* unionFaults(node, json, at)
    default: {
      const message = leafFault(node, json)
      if (message) yield { at, message }
    }
  }
}

function* recordFaults(node: RecordNode, json: unknown, at: string): Generator<DefaultFault> {
  if (!isObject(json)) return yield { at, message: 'must be an object' }
  for (const key of Object.keys(json))
    if (!node.fields.some(({ name }) => name === key))
      yield { at: `${at}.${key}`, message: 'is no field of the schema' }
  for (const { name, type, fallback } of node.fields) {
    if (Object.hasOwn(json, name)) yield* defaultFaults(type, json[name], `${at}.${name}`)
    else if (!fallback) yield { at: `${at}.${name}`, message: 'is missing' }
  }
}

function* unionFaults({ branches }: UnionNode, json: unknown, at: string): Generator<DefaultFault> {
  const [first, ...others] = branches
  const faults = first ? [...defaultFaults(first, json)] : []
  if (!first || faults.length === 0) return
  const other = others.find(branch => [...defaultFaults(branch, json)].length === 0)
  if (!other) return yield* faults.map(fault => ({ at: at + fault.at, message: fault.message }))
  const [wanted, given] = [typeInWords(first), typeInWords(other)]
  yield { at, message: `must fit the first type of the union (${wanted}), and fits ${given}: put ${given} first` }
}

function leafFault(node: LeafNode, json: unknown): string | undefined {
  switch (node.kind) {
    case 'int':
    case 'long':
      return wholeFault(node, json)
    case 'bytes':
    case 'fixed':
      return bytesFault(json, node.kind === 'fixed' ? node.size : undefined, node.logical)
  }
  try {
    leafCompleter(node)(json)
    return undefined
  } catch (refusal) {
    if (refusal instanceof Refusal) return refusal.message
    throw refusal
  }
}

function wholeFault(node: LeafNode, json: unknown): string | undefined {
  const unit = timeUnitOf(node)
  const isWhole = Number.isSafeInteger(json) && (node.kind === 'long' || json === ((json as number) | 0))
  if (unit && isWhole && BigInt(json as number) >= unit.least && BigInt(json as number) <= unit.most) return undefined
  if (unit) return `must be ${unit.words} as a whole number, ${unit.range}`
  if (isWhole) return undefined
  return node.kind === 'int'
    ? 'must be a whole number of 32 bits'
    : 'must be a whole number of 64 bits, and in a default within ±(2^53 - 1)'
}

function bytesFault(json: unknown, size: number | undefined, logical: Logical | undefined): string | undefined {
  const form = 'text in which each character stands for one byte'
  if (typeof json !== 'string') return `must be ${form}`
  if (/[\u0100-\uffff]/.test(json)) return `must be ${form}, and has one above U+00FF`
  if (size !== undefined && json.length !== size) return `must be ${form}, ${size} of them`
  if (logical?.name !== 'decimal') return undefined
  // Read as bytes, the text `12.50` would be another number.
  if (/^-?\d+\.\d+$/.test(json)) return `must be ${form} of the number without its point ("\\u0000" is 0), not digits`
  const unscaled = unscaledOfBytes(Buffer.from(json, 'latin1'))
  const size10 = (unscaled < 0n ? -unscaled : unscaled).toString().length
  return size10 > (logical.precision ?? 0) ? `must be a decimal ${digitsInWords(logical)}` : undefined
}
