/** The most steps that a path has. */
const mostSteps = 16

/** A step into a payload: a field or key of a map by its name, or the elements of a list. */
export type Step = { readonly name: string } | 'each'

const step = /(?:([\p{L}\p{N}_-]+)|"((?:[^"\\]|\\["\\])+)")/uy

/**
 * Reads the path of a field: `amount`, `address.city`, `items[].sku`. Names are divided by dots, `[]` takes any element
 * of a list, and a key of a map with other characters is in double quotes.
 * @returns undefined where it is none
 */
export function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  for (let at = 0; ; at += 1) {
    step.lastIndex = at
    const found = step.exec(path)
    if (!found) return undefined
    steps.push({ name: found[1] ?? (found[2] ?? '').replaceAll(/\\(.)/g, '$1') })
    at = step.lastIndex
    for (; path.startsWith('[]', at); at += 2) steps.push('each')
    if (steps.length > mostSteps) return undefined
    if (at === path.length) return steps
    if (path[at] !== '.') return undefined
  }
}

/** The beginning of a text that is a path, for what is followed by an operator. */
export const pathAtStart =
  /^(?:[\p{L}\p{N}_-]+|"(?:[^"\\]|\\["\\])+")(?:\[\])*(?:\.(?:[\p{L}\p{N}_-]+|"(?:[^"\\]|\\["\\])+")(?:\[\])*)*/u
