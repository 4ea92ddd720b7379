import { isObject, mostServerText, printable } from '../../core/index.ts'

/** The shapes of the registry's answers. What does not have its shape is no answer of a registry. */

export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A schema as the registry gives it. */
export interface SchemaAnswer {
  readonly schema: string
  readonly schemaType: string
  readonly references: readonly SchemaReference[]
}

type Shape<T> = (body: unknown) => T | undefined

export const anything: Shape<true> = () => true

export const anyObject: Shape<true> = body => (isObject(body) ? true : undefined)

export const strings: Shape<readonly string[]> = body => listOf(body, each => typeof each === 'string')

export const numbers: Shape<readonly number[]> = body => listOf(body, isNumber)

export const place: Shape<{ readonly id: number; readonly version: number }> = body =>
  isObject(body) && isNumber(body.id) && isNumber(body.version) ? { id: body.id, version: body.version } : undefined

export const places: Shape<readonly { readonly subject: string; readonly version: number }[]> = body =>
  listOf(body, each => isObject(each) && typeof each.subject === 'string' && isNumber(each.version))

export const verdict: Shape<{ readonly compatible: boolean; readonly messages: readonly string[] }> = body => {
  if (!isObject(body) || typeof body.is_compatible !== 'boolean') return undefined
  const messages = (strings(body.messages ?? []) ?? []).map(message => printable(message, mostServerText))
  return { compatible: body.is_compatible, messages }
}

/** The level of a subject: it has another name in the answer than in the question. */
export const compatibility: Shape<string> = body =>
  isObject(body) && typeof body.compatibilityLevel === 'string' ? body.compatibilityLevel.toUpperCase() : undefined

export const schemaAnswer: Shape<SchemaAnswer> = body => {
  if (!isObject(body) || typeof body.schema !== 'string') return undefined
  const { schema, schemaType, references } = body
  const known = references == null ? [] : listOf<SchemaReference>(references, isReference)
  if (!known || (schemaType != null && typeof schemaType !== 'string')) return undefined
  return { schema, schemaType: schemaType ?? 'AVRO', references: known }
}

export const placedSchema: Shape<SchemaAnswer & { readonly id: number; readonly version: number }> = body => {
  const [schema, where] = [schemaAnswer(body), place(body)]
  return schema && where && { ...schema, ...where }
}

const isReference = (each: unknown): boolean =>
  isObject(each) && typeof each.name === 'string' && typeof each.subject === 'string' && isNumber(each.version)

function listOf<T>(body: unknown, isOne: (each: unknown) => boolean): readonly T[] | undefined {
  return Array.isArray(body) && body.every(isOne) ? body : undefined
}

/** An id or a version: registries count them in 32 bits, and so does the trail. */
const isNumber = (value: unknown): value is number => typeof value === 'number' && value === (value | 0)
