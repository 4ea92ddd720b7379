/** Options: what they may be, and the one error when they are not. */
export { OptionsError, optionsErrorCodes, refuseMisspelt } from './options-error.ts'
