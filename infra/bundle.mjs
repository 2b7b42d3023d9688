// Bundles the command from its sources into services/cli/bundle: one file instead of some hundred makes `dist`
// start fast, and what is imported dynamically stays in files of its own, read only when it is needed.
import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const cli = fileURLToPath(new URL('../services/cli/', import.meta.url))
const outdir = join(cli, 'bundle')
const entries = {
  main: join(cli, 'src', 'main.ts'),
  // What worker threads run.
  thread: fileURLToPath(new URL('../services/composition/src/thread.ts', import.meta.url)),
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

removeStale(Object.keys(result.metafile.outputs).map((file) => basename(file)))

// After the new files are there, so that a command that starts meanwhile finds what it imports.
function removeStale(current) {
  for (const entry of readdirSync(outdir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && !current.includes(entry.name))
      rmSync(join(entry.parentPath, entry.name), { force: true })
  }
}
