/** The TypeScript file that is generated from the schemas of a catalogue. */
export { type GenerateOptions, generateTypes } from './generate.ts'
