/**
 * Commands by the folder of `dev/` that has them. What brings its own servers comes with a clone alone; the package has no
 * such folders, and must not be built from them. A file of its own: tests read it without the CLI.
 */
export const onlyInClone = {
  stack: ['stack'],
  testing: ['test', 'integrity', 'matrix'],
  demo: ['demo'],
  bench: ['bench']
} as const
