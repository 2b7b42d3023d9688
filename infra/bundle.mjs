// Bundles the command and the services from their sources into services/cli/bundle: one file instead of some hundred
// makes `dist` start fast, and what is imported dynamically stays in files of its own, read only when it is needed.
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const cli = fileURLToPath(new URL('../services/cli/', import.meta.url))
const outdir = join(cli, 'bundle')
const entries = {
  main: join(cli, 'src', 'main.ts'),
  // What worker threads run.
  thread: fileURLToPath(new URL('../services/composition/src/thread.ts', import.meta.url)),
  ...Object.fromEntries(['coordinator', 'worker', 'dashboard'].map((name) => [name, programOf(name)])),
}

const result = await build({
  entryPoints: entries,
  outdir,
  bundle: true,
  splitting: true,
  // Beside the entries: what finds the threads' file from its own place finds it from a chunk as well.
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
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
}).catch(() => process.exit(1)) // esbuild has said why

// What the dashboard serves: found beside the bundle, so that it needs no node_modules.
const ui = dirname(
  createRequire(join(cli, '../dashboard/package.json')).resolve('@bull-board/ui/package.json'),
)
cpSync(join(ui, 'dist'), join(outdir, 'dashboard-ui', 'dist'), { recursive: true })

removeStale(Object.keys(result.metafile.outputs).map((file) => basename(file)))

function programOf(service) {
  return fileURLToPath(new URL(`../services/${service}/src/main.ts`, import.meta.url))
}

// After the new files are there, so that a command that starts meanwhile finds what it imports.
function removeStale(current) {
  for (const entry of readdirSync(outdir, { withFileTypes: true })) {
    if (entry.isFile() && !current.includes(entry.name)) rmSync(join(outdir, entry.name), { force: true })
  }
}
