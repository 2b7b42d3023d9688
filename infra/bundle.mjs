// Bundles the command and the services from their sources into services/cli/bundle, with everything that they need at
// run time and the licences of the bundled packages.
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { callBuiltins } from './bundling/builtins.mjs'
import { keepCode } from './bundling/code.mjs'
import { namelessImports } from './bundling/lazy.mjs'
import { nameConstructorsOnly } from './bundling/names.mjs'
import { noticesOf, packagesOf } from './bundling/notices.mjs'
import { options, outdir, root, threads } from './bundling/options.mjs'
import { bundlePage } from './bundling/page.mjs'
import { noticesOfPages, pages } from './bundling/pages.mjs'
import { toScript } from './bundling/scripts.mjs'

const [{ metafile, outputFiles }, page] = await Promise.all([
  build({ ...options, write: false }),
  bundlePage(),
]).catch(() => process.exit(1)) // esbuild has printed the errors

const nameless = namelessImports(metafile)
if (nameless.length > 0) {
  console.error(
    `bundle: a dynamic import of CommonJS has no names in the bundle:\n  ${nameless.join('\n  ')}`,
  )
  console.error('bundle: import a file of our own dynamically, which imports the package statically')
  process.exit(1)
}

const named = nameConstructorsOnly(outputFiles.map(({ text }) => text))
const scripts = outputFiles.map(({ path }, i) => [path, toScript(callBuiltins(named[i], path), path)])
// V8 does not notice that code was compiled from another script of the same length.
rmSync(join(outdir, 'code'), { recursive: true, force: true })
mkdirSync(outdir, { recursive: true })
writeFileSync(join(outdir, 'package.json'), '{"type":"commonjs"}\n')
for (const [path, script] of scripts) writeFileSync(path, script)
// A thread begins with a file that `URL` finds beside any of the others.
for (const name of Object.keys(threads))
  writeFileSync(join(outdir, `${name}.js`), `require("../bin/load.cjs").load("${name}-program")\n`)

// Beside the bundle, so that the dashboard needs no node_modules.
cpSync(pages, join(outdir, 'dashboard-ui', 'dist'), { recursive: true })

const licences = { own: 'LICENSE', others: 'THIRD-PARTY-NOTICES.txt' }
copyFileSync(join(root, 'LICENSE'), join(outdir, licences.own))
writeFileSync(join(outdir, licences.others), notices())

const files = Object.keys(metafile.outputs).map((file) => basename(file))
const written = [
  'package.json',
  ...Object.keys(threads).map((name) => `${name}.js`),
  ...Object.values(licences),
]
removeStale([...files, ...written])
await keepCode()

function notices() {
  const inputs = [metafile, page].flatMap((each) => Object.keys(each.inputs))
  const folders = packagesOf([...inputs, pages], root)
  const introduction = 'dist contains these packages, under these licences.'
  return `${introduction}\n\n${noticesOf(folders)}\n${'='.repeat(80)}\n\n${noticesOfPages()}`
}

// Runs after the new files are written, so that a command that starts meanwhile finds its imports.
function removeStale(current) {
  for (const entry of readdirSync(outdir, { withFileTypes: true })) {
    if (entry.isFile() && !current.includes(entry.name)) rmSync(join(outdir, entry.name), { force: true })
  }
}
