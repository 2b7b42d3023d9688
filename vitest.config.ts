import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests read the packages' sources (export condition "source"), so that no build stands between an edit and
// its test. Integration tests run the built command against real servers.
const resolve = { conditions: ['source'] }
const ssr = { resolve }

export default defineConfig({
  test: {
    // Tests against servers wait more than they compute: one file more at a time than there are processors.
    maxWorkers: Math.max(2, availableParallelism() + 1),
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          // A hundred small files: a process and a module graph for each would take as long as the tests.
          pool: 'threads',
          isolate: false,
          include: ['packages/*/test/**/*.test.ts', 'services/*/test/**/*.test.ts', 'test/unit/**/*.test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: 'test/integration/support/built.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
