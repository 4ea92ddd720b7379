import { cut, escapeHtml, mailValue } from '../../consumers/notifier/index.ts'
import type { EventVersion } from '../../schemas/index.ts'
import { type HtmlPlace, HtmlPlaces } from './html-places.ts'
import { type PlaceholderOptions, partsOf, type TemplateValues, type TextTemplate, wordsAt } from './text-template.ts'

/**
 * Compiles a template of HTML with the placeholders of {@link compileText}. A value is escaped for the place where it is
 * put; a placeholder where none is safe (a script, a style, an attribute without quotes) is refused.
 * @throws Error that names the placeholder
 */
export function compileHtml(html: string, version: EventVersion, options: PlaceholderOptions = {}): TextTemplate {
  const places = new HtmlPlaces()
  const parts = partsOf(html, version, options).map(part => {
    if (typeof part === 'string') {
      places.read(part)
      return part
    }
    const place = placeOf(places, part.found)
    return (values: TemplateValues) => writers[place](wordsAt(part.path, values), part.fallback)
  })
  places.end()
  return values => parts.map(part => (typeof part === 'string' ? part : part(values))).join('')
}

function placeOf(places: HtmlPlaces, found: string): HtmlPlace {
  try {
    return places.place()
  } catch (error) {
    throw new Error(`${found}: ${(error as Error).message}`)
  }
}

type Write = (value: string, fallback: string) => string

const writers: Readonly<Record<HtmlPlace, Write>> = {
  text: (value, fallback) => escapeHtml(mailValue(value) || fallback),
  // What begins an address may be a program: `javascript:`.
  address: (value, fallback) => escapeHtml(addressOf(value) ?? addressOf(fallback) ?? '#'),
  'part of an address': (value, fallback) => escapeHtml(encodeURIComponent(cut(value || fallback).toWellFormed()))
}

const mostAddressLetters = 2_000

function addressOf(text: string): string | undefined {
  if (text.length > mostAddressLetters || !URL.canParse(text)) return undefined
  const { protocol, href } = new URL(text)
  return ['https:', 'http:', 'mailto:'].includes(protocol) ? href : undefined
}
