/** What is searched for and what is shown of it: rules without a server. */
export { type Cursor, cursorText, readCursor } from './cursor.ts'
export { type HighlightPart, highlightHtml, highlightParts, marks } from './highlight.ts'
export { checkLanguage, languageRule, type SearchLanguage, searchLanguages } from './languages.ts'
export { groupText, parseQueryText, type WordGroup } from './query-text.ts'
