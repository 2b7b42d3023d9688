// How the command and the services are bundled. One file instead of some hundred makes `dist` start fast; each dynamic
// import becomes a separate file, which is read when it is needed.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lowerUsing } from './using.mjs'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'services', 'cli')
export const outdir = join(cli, 'bundle')

const services = ['coordinator', 'worker', 'dashboard']

/** esbuild's options. The paths of its metafile begin at `root`. */
export const options = {
  absWorkingDir: root,
  entryPoints: {
    main: join(cli, 'src', 'main.ts'),
    // Run by worker threads.
    heartbeat: join(root, 'packages', 'wiring', 'src', 'services', 'heartbeat.ts'),
    thread: join(root, 'packages', 'transfer-threads', 'src', 'thread.ts'),
    ...Object.fromEntries(services.map((name) => [name, join(root, 'services', name, 'src', 'main.ts')])),
  },
  outdir,
  bundle: true,
  splitting: true,
  // Beside the entries: what finds the threads' file from its own place finds it from a chunk as well.
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  plugins: [lowerUsing],
  // Packages written as CommonJS (undici, commander) call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'\nconst require = __createRequire(import.meta.url)",
  },
  minify: true,
  // Classes keep their names: errors print them.
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
}
