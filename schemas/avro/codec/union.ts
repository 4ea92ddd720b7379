import { branchName, isAmbiguous, shapeOf, type UnionNode, valueShape } from '../model.ts'

/** Whether values of the union are `{ "<branch>": value }`, because a plain one would not show its branch. */
export function isWrapped(union: UnionNode): boolean {
  const known = wrapped.get(union)
  if (known !== undefined) return known
  const made = isAmbiguous(union.branches.map(shapeOf))
  wrapped.set(union, made)
  return made
}

// Kept, because each branch of a union asks.
const wrapped = new WeakMap<UnionNode, boolean>()

/** The index of the branch that a value is of, and the value in that branch; an index of -1 where there is none. */
export type Unwrap = (value: unknown) => { readonly index: number; readonly inner: unknown }

/** Makes the function that finds a value's branch. It looks at no more than the kind of value. */
export function compileUnwrap(union: UnionNode): Unwrap {
  if (isWrapped(union)) {
    const names = union.branches.map(branchName)
    return value => {
      if (value === null) return { index: names.indexOf('null'), inner: null }
      const [name, ...others] = typeof value === 'object' ? Object.keys(value) : []
      if (name === undefined || others.length > 0) return { index: -1, inner: undefined }
      return { index: names.indexOf(name), inner: (value as Readonly<Record<string, unknown>>)[name] }
    }
  }
  const shapes = union.branches.map(shapeOf)
  return value => ({ index: shapes.indexOf(valueShape(value)), inner: value })
}

/** The function that makes a value of the union out of one of its branch `index`. */
export function wrapperOf(union: UnionNode, index: number): ((value: unknown) => unknown) | undefined {
  const branch = union.branches[index]
  if (!branch || branch.kind === 'null' || !isWrapped(union)) return undefined
  const name = branchName(branch)
  return value => ({ [name]: value })
}
