import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

if (Number(process.versions.node.split('.')[0]) < 24) {
  throw new Error('vitest runs under an older Node here: use `npm test -- <what vitest takes>`, which brings Node 24')
}

export default defineConfig({
  test: {
    // Tests wait for servers most of the time: three files at a time keep two cores busy.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      // A bound is there to end what hangs; on a busy machine a property test takes ten times as long as on an idle one.
      // The files of a worker share its modules: loading them again for each file took four fifths of the time.
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/kafka/**'],
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      // These patch kafkajs, for the whole process.
      {
        extends: true,
        test: {
          name: 'unit-kafka',
          include: ['test/unit/kafka/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: 'test/support/project/cli-bundle.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      },
      {
        extends: true,
        test: {
          name: 'integrity',
          include: ['test/integrity/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000
        }
      }
    ]
  }
})
