/** Where in HTML a placeholder is: what a value has to look like there depends on it. */
export type HtmlPlace =
  /** Between tags, or in a quoted attribute that is text. */
  | 'text'
  /** The beginning of a quoted attribute that is an address: it names the scheme. */
  | 'address'
  /** Later in such an attribute: a part of a path, or a parameter. */
  | 'part of an address'

/** Attributes that are addresses, and those that are text and nothing else. A value has no place in any other. */
const addresses = ['href', 'src', 'background', 'cite']
const texts = ['title', 'alt', 'lang', 'summary', 'label']
/** Elements whose content is no HTML. */
const raw = ['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext']

/**
 * Reads a template of HTML up to each placeholder.
 *
 * data ⇄ tag ⇄ value of an attribute; data ⇄ comment; data → raw element → tag. A placeholder is allowed in data and in
 * quoted values of attributes that are known. Everywhere else a value could become markup or a program, however it is
 * escaped.
 */
export class HtmlPlaces {
  #state: 'data' | 'tag' | 'comment' | 'raw' = 'data'
  /** The tag that is being read, or whose content is raw. */
  #element = ''
  #isEnd = false
  /** Of the value that is being read; empty outside of one. */
  #quote = ''
  #attribute = ''
  #valueBegun = false

  /** Reads a piece of the template that has no placeholder. @throws Error in words, for HTML that leaves open what it is */
  read(html: string): void {
    for (let at = 0; at < html.length; ) at = this.#step(html, at)
  }

  /** Where a placeholder is, after what was read. @throws Error in words, where none is allowed */
  place(): HtmlPlace {
    if (this.#state === 'data') return 'text'
    if (this.#state !== 'tag' || this.#quote === '')
      throw new Error('in HTML it is allowed between tags and in quoted values of attributes, and nowhere else')
    if (texts.includes(this.#attribute)) return 'text'
    if (!addresses.includes(this.#attribute))
      throw new Error(
        `it is allowed in the attributes ${[...addresses, ...texts].join(', ')}, not in ${this.#attribute}`
      )
    const place = this.#valueBegun ? 'part of an address' : 'address'
    this.#valueBegun = true
    return place
  }

  /** @throws Error for a template that ends within a tag, a comment or an element that is no HTML */
  end(): void {
    if (this.#state !== 'data') throw new Error('it ends within a tag or a comment')
  }

  #step(html: string, at: number): number {
    switch (this.#state) {
      case 'data':
        return this.#stepInData(html, at)
      case 'tag':
        return this.#quote === '' ? this.#stepInTag(html, at) : this.#stepInValue(html, at)
      case 'comment':
        return this.#upTo(html, at, '-->', 'data')
      case 'raw':
        return this.#upTo(html, at, `</${this.#element}`, 'tag')
    }
  }

  #upTo(html: string, at: number, end: string, next: 'data' | 'tag'): number {
    const found = html.toLowerCase().indexOf(end, at)
    if (found < 0) return html.length
    this.#state = next
    this.#isEnd = true
    return found + end.length
  }

  #stepInData(html: string, at: number): number {
    const rest = html.slice(at)
    const text = /^[^<]+/.exec(rest)?.[0]
    if (text !== undefined) return at + text.length
    if (rest.startsWith('<!--')) {
      this.#state = 'comment'
      return at + 4
    }
    const [tag, slash, name] = /^<([/!]?)([a-z][a-z0-9:-]*)/i.exec(rest) ?? []
    if (tag === undefined || name === undefined) throw new Error('a < that begins no tag is written as &lt;')
    this.#state = 'tag'
    this.#element = name.toLowerCase()
    this.#isEnd = slash !== ''
    return at + tag.length
  }

  #stepInTag(html: string, at: number): number {
    const rest = html.slice(at)
    if (rest.startsWith('>')) {
      this.#state = !this.#isEnd && raw.includes(this.#element) ? 'raw' : 'data'
      return at + 1
    }
    const [value, name, quote] = /^([^\s"'>/=]+)\s*=\s*(["'])/.exec(rest) ?? []
    if (value === undefined || name === undefined || quote === undefined) {
      const word = /^[^\s"'>/=]+/.exec(rest)?.[0]
      return at + (word?.length ?? 1)
    }
    this.#attribute = name.toLowerCase()
    this.#quote = quote
    this.#valueBegun = false
    return at + value.length
  }

  #stepInValue(html: string, at: number): number {
    const end = html.indexOf(this.#quote, at)
    if (end !== at) this.#valueBegun = true
    if (end < 0) return html.length
    this.#quote = ''
    return end + 1
  }
}
