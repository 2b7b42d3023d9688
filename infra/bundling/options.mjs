// How the command and the services are bundled. One file instead of some hundred makes `dist` start fast; each dynamic
// import becomes a separate file, which is read when it is needed.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withoutUnused } from './unused.mjs'
import { lowerUsing } from './using.mjs'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'services', 'cli')
export const outdir = join(cli, 'bundle')

/** Programs that worker threads run. */
export const threads = {
  heartbeat: join(root, 'packages', 'wiring', 'src', 'services', 'heartbeat.ts'),
  passwords: join(root, 'packages', 'sign-in', 'src', 'passwords', 'passwords.ts'),
  thread: join(root, 'packages', 'transfer-threads', 'src', 'thread.ts'),
}

const services = ['coordinator', 'worker', 'dashboard', 'registry']

/** esbuild's options. The paths of its metafile begin at `root`. */
export const options = {
  absWorkingDir: root,
  entryPoints: {
    main: join(cli, 'src', 'main.ts'),
    ...Object.fromEntries(Object.entries(threads).map(([name, file]) => [`${name}-program`, file])),
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
  plugins: [lowerUsing, withoutUnused],
  minify: true,
  // Classes keep their names: errors print them.
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
}
