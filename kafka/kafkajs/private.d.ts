/**
 * Files of kafkajs that it does not offer: imported by their paths, so that a bundler sees them. Each importer says what
 * it takes a file for; `version.ts` refuses any kafkajs but the one that was read for that.
 */
declare module 'kafkajs/src/*' {
  const contents: unknown
  export default contents
}
