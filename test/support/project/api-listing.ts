import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A statement at the top of a declaration file, without comments. */
interface Statement {
  readonly text: string
  readonly file: string
}

/** Where a name of a file comes from: a statement of its own, or another file. */
type Origin = { readonly statements: readonly Statement[] } | { readonly file: string; readonly name: string }

const declared = /^(?:export )?(?:declare )?(?:abstract )?(?:class|function|interface|type|const|enum|let|var) ([\w$]+)/
const listed = /^(?:import|export)(?: type)? \{([^}]*)\} from ['"]([^'"]+)['"]/

/** Reads the declarations that the compiler made, and lists what an entry point exports. */
export class ApiListing {
  readonly #files = new Map<string, ReadonlyMap<string, Origin>>()

  /**
   * What a file exports, in alphabetical order, and after that what its declarations refer to and no one can import.
   * @param file a declaration file whose exports all come from other files
   */
  of(file: string): string {
    const exported = [...this.#origins(file).keys()].sort()
    const shown = new Set<string>()
    const texts: string[] = []
    const queue: Statement[] = []
    const show = (statement: Statement): void => {
      if (shown.has(statement.text)) return
      shown.add(statement.text)
      texts.push(statement.text)
      queue.push(statement)
    }
    for (const name of exported) for (const statement of this.#find(file, name)) show(statement)
    const further = texts.length
    for (const { text, file: from } of queue)
      for (const [name] of text.matchAll(/[A-Za-z_$][\w$]*/g))
        if (this.#origins(from).has(name)) for (const statement of this.#find(from, name)) show(statement)
    const rest = texts.slice(further).sort()
    const parts = [
      ...texts.slice(0, further),
      ...(rest.length > 0 ? ['// Not exported, and part of the above:', ...rest] : [])
    ]
    return `${parts.join('\n\n')}\n`
  }

  #find(file: string, name: string): readonly Statement[] {
    const origin = this.#origins(file).get(name)
    if (origin === undefined) return []
    return 'statements' in origin ? origin.statements : this.#find(origin.file, origin.name)
  }

  #origins(file: string): ReadonlyMap<string, Origin> {
    const known = this.#files.get(file)
    if (known) return known
    const origins = new Map<string, Origin>()
    for (const text of statementsOf(readFileSync(file, 'utf8'))) {
      const [, names, from] = listed.exec(text) ?? []
      if (names !== undefined && from !== undefined) {
        if (!from.startsWith('.')) continue
        const target = join(dirname(file), from.replace(/\.[jt]s$/, '.d.ts'))
        for (const each of names
          .split(',')
          .map(name => name.trim().replace(/^type /, ''))
          .filter(Boolean)) {
          const [name = '', alias = name] = each.split(' as ')
          if (existsSync(target)) origins.set(alias, { file: target, name })
        }
        continue
      }
      const [, name] = declared.exec(text) ?? []
      if (name === undefined) continue
      const before = origins.get(name)
      const statement = { text: text.replace(/^export declare |^export |^declare /, ''), file }
      origins.set(name, { statements: [...(before && 'statements' in before ? before.statements : []), statement] })
    }
    this.#files.set(file, origins)
    return origins
  }
}

/** The compiler begins each statement at the start of a line, and what is in it at none. */
function statementsOf(source: string): string[] {
  const lines = source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .filter(line => line.trim() !== '')
  const statements: string[] = []
  for (const line of lines) {
    const text = line.replace(/\s+$/, '')
    if (/^[\s})\]|&]/.test(text) && statements.length > 0) statements.push(`${statements.pop()}\n${text}`)
    else statements.push(text)
  }
  return statements
}
