/** Values of the trail as a person reads them, by the schemas that they were written with. */
export { renderJson } from './render.ts'
export { storedTime } from './time-text.ts'
