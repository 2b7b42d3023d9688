import type { KnipConfig } from 'knip'

/**
 * Finds what nothing uses: files, exports and dependencies. `npm run dead` runs knip twice: over all files, and with
 * `--production` over those alone whose pattern ends in `!`. The second run finds what only tests use.
 */
const production = process.argv.includes('--production')

const config: KnipConfig = {
  // The packages are private: an export of a package's index is unused when no other package imports it.
  includeEntryExports: true,
  // An interface that an exported function takes or returns is part of the function's declaration. In production: a
  // unit test may import a file for a function that only the rest of the file uses.
  ignoreExportsUsedInFile: production || { interface: true, type: true },
  // Only tests give a name to some types of results.
  exclude: production ? ['types'] : [],
  // What the example of a package's README imports is used.
  compilers: { md: (text) => /^```ts\n(.*?)^```$/ms.exec(text)?.[1] ?? '' },
  // Only tests and examples import it.
  ignoreWorkspaces: ['packages/testkit!'],
  workspaces: {
    '.': {
      entry: [
        // Run by shell scripts, workflows and the container file.
        'infra/bundle.mjs!',
        'infra/bundling/dashboard-ui.mjs!',
        'infra/ci/{again,summary}.mjs!',
        'infra/container/{configuration.ts,healthcheck.mjs}!',
        'infra/setup/locked.mjs!',
        'infra/demo/{main,screenshot}.ts',
        'test/bench/{main,picture}.ts',
        // Run by tests and benchmarks as processes.
        'test/bench/{catalogue/program,distributed/pipeline}.ts',
        'test/integration/support/{address-program,queue-program}.ts',
        'test/integration/support/hasty-program.mjs',
      ],
      project: [
        'infra/{*,bundling/*,ci/*,container/*,setup/*}.{ts,mjs}!',
        'infra/demo/*.ts',
        'test/**/*.{ts,mjs}',
      ],
      // Tests of several packages use the libraries that these packages depend on. Benches start with tsx.
      ignoreDependencies: ['@aws-sdk/client-s3', 'bullmq', 'fastify', 'ioredis', 'tsx'],
    },
    'packages/*': { entry: 'README.md!', project: ['{src/**/*.ts,README.md}!', 'test/**/*.ts'] },
    // Worker threads run heartbeat.ts, passwords.ts and thread.ts.
    'packages/sign-in': {
      entry: ['README.md!', 'src/passwords/passwords.ts!'],
      project: ['{src/**/*.ts,README.md}!', 'test/**/*.ts'],
    },
    'packages/wiring': {
      entry: ['README.md!', 'src/services/heartbeat.ts!'],
      project: ['{src/**/*.ts,README.md}!', 'test/**/*.ts'],
      // A test reads docker-compose.yml with the client's version.
      ignoreDependencies: ['yaml'],
    },
    'packages/transfer-threads': {
      entry: ['README.md!', 'src/thread.ts!'],
      project: ['{src/**/*.ts,README.md}!', 'test/**/*.ts'],
    },
    // The bundler runs main.tsx in browsers.
    'packages/page': {
      entry: ['README.md!', 'src/main.tsx!'],
      project: ['{src/**/*.{ts,tsx},README.md}!', 'test/**/*.ts'],
    },
    'packages/testkit': { project: '{src,test}/**/*.ts' },
    'services/*': { entry: 'src/main.ts!', project: ['src/**/*.ts!', 'test/**/*.ts'] },
  },
  ignoreIssues: {
    // The bundle's bin/*.mjs import `main`.
    'services/*/src/main.ts': ['exports'],
    // The types of parameters and results belong to the contract of a package. TypeScript needs their names, too, to
    // write declarations of inferred types (TS2883).
    '{packages,services}/*/src/**/index.ts': ['types'],
  },
  // Programs of the system that infra/setup.sh installs.
  ignoreBinaries: ['ldd', 'mkfifo', 'openssl', 'promtool', 'runc', 'skopeo', 'umoci'],
}

export default config
