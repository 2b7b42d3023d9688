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
// A process runs many files, one after the other: they share its modules.
const shared = { pool: 'forks', isolate: false } as const
// Unit tests compute. Tests against servers wait, too: a few more of them at the same time, after the others. Each process
// more loads all modules once more, and slows the others down.
const cores = availableParallelism()
const computing = { maxWorkers: cores, sequence: { groupOrder: 0 } }
const waiting = { maxWorkers: cores + 2, sequence: { groupOrder: 1 } }
// Tests against servers fail now and then on a busy machine: they get a second attempt, and the run names those that needed
// it. A property that failed gets none: other random values would hide what was found.
const retry = { count: 1, condition: /^(?!Property failed)/ }
const { built, contract } = sortTests()
const outputFile = process.env.DIST_TEST_REPORT

export default defineConfig({
  test: {
    reporters: ['default', './test/second-attempts.ts', ['./test/json-report.ts', { outputFile }]],
    globalSetup: 'test/integration/support/gateway-host.ts',
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
          ...computing,
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
          ...computing,
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
          ...shared,
          ...waiting,
          globalSetup: 'test/integration/support/built.ts',
          ...patient,
          retry,
        },
      },
      {
        resolve,
        ssr,
        plugins,
        test: { name: 'contract', include: contract, ...shared, ...waiting, ...patient, retry },
      },
    ],
  },
})
