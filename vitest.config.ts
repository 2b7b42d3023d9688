import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { sortTests } from './test/projects.js'
import { readmeExamples } from './test/readmes.js'

// Tests import the packages' sources (export condition "source"): an edit needs no build before its test.
// Integration tests run the built command against real servers, contract tests run sources.
const resolve = { conditions: ['source'] }
const ssr = { resolve }
// The projects that run the examples of READMEs.
const plugins = [readmeExamples()]
// On a busy machine a test may take many times as long.
const patient = { testTimeout: 60_000, hookTimeout: 60_000 }
const { built, contract } = sortTests()

export default defineConfig({
  test: {
    // Tests against servers wait more than they compute: one worker more than there are processors.
    maxWorkers: Math.max(2, availableParallelism() + 1),
    projects: [
      {
        resolve,
        ssr,
        plugins,
        test: {
          name: 'unit',
          // Hundreds of small files: a process and a module graph for each would take as long as the tests.
          pool: 'threads',
          isolate: false,
          ...patient,
          provide: { largeBody: undefined },
          include: ['packages/*/test/**/*.test.ts', 'services/*/test/**/*.test.ts', 'test/unit/**/*.test.ts'],
        },
      },
      // The tests of the registry client once more: here the receiver of large bodies reads all bodies.
      {
        resolve,
        ssr,
        test: {
          name: 'receiver',
          pool: 'threads',
          isolate: false,
          ...patient,
          include: ['packages/registry-client/test/*.test.ts'],
          // They receive no bodies of content.
          exclude: ['packages/registry-client/test/push-*.test.ts'],
          provide: { largeBody: 0 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'integration',
          include: built,
          globalSetup: 'test/integration/support/built.ts',
          ...patient,
        },
      },
      { resolve, ssr, plugins, test: { name: 'contract', include: contract, ...patient } },
    ],
  },
})
