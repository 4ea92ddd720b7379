import { readFileSync } from 'node:fs'

/** A file of this folder's `peers/`, with every `{{name}}` filled in. @throws RangeError naming what has no value */
export function fillIn(file: string, values: Readonly<Record<string, string | number>>): string {
  return fillInText(readFileSync(new URL(`peers/${file}`, import.meta.url), 'utf8'), values)
}

export function fillInText(text: string, values: Readonly<Record<string, string | number>>): string {
  const lines = text.split('\n').filter(line => !line.startsWith('#'))
  return lines.join('\n').replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new RangeError(`{{${name}}} has no value`)
    return String(value)
  })
}

/** The lines `name=value` of a properties file. */
export function parseProperties(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap(line => {
    const at = line.indexOf('=')
    return at < 0 || line.startsWith('#') ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const]
  })
  return Object.fromEntries(pairs)
}
