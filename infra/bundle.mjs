// Bundles the command and the services from their sources into services/cli/bundle, with everything that they need at
// run time and the licences of the bundled packages.
import { copyFileSync, cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { namelessImports } from './bundling/lazy.mjs'
import { nameConstructorsOnly } from './bundling/names.mjs'
import { noticesOf, packagesOf } from './bundling/notices.mjs'
import { options, outdir, root } from './bundling/options.mjs'
import { noticesOfPages, pages } from './bundling/pages.mjs'

const { metafile } = await build(options).catch(() => process.exit(1)) // esbuild has printed the errors

const nameless = namelessImports(metafile)
if (nameless.length > 0) {
  console.error(
    `bundle: a dynamic import of CommonJS has no names in the bundle:\n  ${nameless.join('\n  ')}`,
  )
  console.error('bundle: import a file of our own dynamically, which imports the package statically')
  process.exit(1)
}

nameConstructorsOnly(Object.keys(metafile.outputs).map((file) => join(root, file)))

// Beside the bundle, so that the dashboard needs no node_modules.
cpSync(pages, join(outdir, 'dashboard-ui', 'dist'), { recursive: true })

const licences = { own: 'LICENSE', others: 'THIRD-PARTY-NOTICES.txt' }
copyFileSync(join(root, 'LICENSE'), join(outdir, licences.own))
writeFileSync(join(outdir, licences.others), notices())

const files = Object.keys(metafile.outputs).map((file) => basename(file))
removeStale([...files, ...Object.values(licences)])

function notices() {
  const folders = packagesOf([...Object.keys(metafile.inputs), pages], root)
  const introduction = 'dist contains these packages, under these licences.'
  return `${introduction}\n\n${noticesOf(folders)}\n${'='.repeat(80)}\n\n${noticesOfPages()}`
}

// Runs after the new files are written, so that a command that starts meanwhile finds its imports.
function removeStale(current) {
  for (const entry of readdirSync(outdir, { withFileTypes: true })) {
    if (entry.isFile() && !current.includes(entry.name)) rmSync(join(outdir, entry.name), { force: true })
  }
}
