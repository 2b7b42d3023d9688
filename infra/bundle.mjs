// Bundles the command and the services from their sources into services/cli/bundle.
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { build } from 'esbuild'
import { namelessImports } from './bundling/lazy.mjs'
import { cli, options, outdir } from './bundling/options.mjs'

const { metafile } = await build(options).catch(() => process.exit(1)) // esbuild has said why

const nameless = namelessImports(metafile)
if (nameless.length > 0) {
  console.error(
    `bundle: a dynamic import of CommonJS has no names in the bundle:\n  ${nameless.join('\n  ')}`,
  )
  console.error('bundle: import a file of our own dynamically, which imports the package statically')
  process.exit(1)
}

// What the dashboard serves: found beside the bundle, so that it needs no node_modules.
const ui = dirname(
  createRequire(join(cli, '../dashboard/package.json')).resolve('@bull-board/ui/package.json'),
)
cpSync(join(ui, 'dist'), join(outdir, 'dashboard-ui', 'dist'), { recursive: true })

removeStale(Object.keys(metafile.outputs).map((file) => basename(file)))

// After the new files are there, so that a command that starts meanwhile finds what it imports.
function removeStale(current) {
  for (const entry of readdirSync(outdir, { withFileTypes: true })) {
    if (entry.isFile() && !current.includes(entry.name)) rmSync(join(outdir, entry.name), { force: true })
  }
}
