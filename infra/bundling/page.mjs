import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { outdir, root } from './options.mjs'

const folder = join(outdir, 'page')

/** Bundles the page of the dashboard for browsers. Resolves to esbuild's metafile. */
export async function bundlePage() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['packages/page/src/main.tsx', 'packages/page/src/style/page.css'],
    outdir: folder,
    // A file never changes under its name: browsers keep it.
    entryNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    // What has CSS with light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    conditions: ['source'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  const files = Object.keys(metafile.outputs).map((file) => basename(file))
  writeFileSync(join(folder, 'index.html'), document(files))
  // After the new files are written: a dashboard may start meanwhile.
  for (const file of readdirSync(folder))
    if (![...files, 'index.html'].includes(file)) rmSync(join(folder, file), { force: true })
  return metafile
}

/** The document of all places of the page; the dashboard serves this folder at /page/. */
function document(files) {
  const [script, style] = ['.js', '.css'].map((end) => files.find((file) => file.endsWith(end)))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>dist</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Crect width='8' height='8' rx='2' fill='%231f5fa8'/%3E%3Crect x='2' y='2' width='4' height='1' fill='white'/%3E%3Crect x='2' y='4' width='4' height='2' fill='white'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/page/${style}">
<script type="module" src="/page/${script}"></script>
<noscript>This page needs JavaScript. The same is told by the command dist, and by the API at /api/v1/.</noscript>
</html>
`
}
