/** The gate for content: who was given what of it, recorded before the first byte. */
export { bases } from './basis.ts'
export { type Disclosure, disclose, type EndedDisclosure, type Ending, type Statement } from './disclose.ts'
export { type ListedDisclosure, listDisclosures } from './list.ts'
export { personFieldsOf, personsIn, personsOf, personsOfStored } from './persons.ts'
export { disclosureSettings } from './settings.ts'
