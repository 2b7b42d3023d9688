// Writes dashboard-ui.txt: what the licences of the packages want that the dashboard's pages are made of. Those pages come
// built (@bull-board/ui), and the packages in them are not installed here: they are, for a moment, in a folder of their own.
//   node infra/bundling/dashboard-ui.mjs     after another version of @bull-board/ui
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noticesOf } from './notices.mjs'
import { pagesManifest, pagesNotices } from './pages.mjs'

/** Development dependencies of the pages: they build and test them, and are not bundled. */
const tools =
  /^(@rsbuild|@rsdoctor|@testing-library|@types)\/|jest|identity-obj-proxy|^i18next-(hmr|locales-sync)$/

const { version, devDependencies } = pagesManifest()
const wanted = Object.entries(devDependencies).filter(([name]) => !tools.test(name))
const folder = mkdtempSync(join(tmpdir(), 'dashboard-ui-'))
try {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: Object.fromEntries(wanted) }),
  )
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
  })
  writeFileSync(
    pagesNotices,
    `@bull-board/ui ${version} is made of:\n\n${noticesOf(installed(join(folder, 'node_modules')))}`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The packages of a node_modules folder, those within others included. */
function installed(modules) {
  const named = readdirSync(modules).filter((name) => !name.startsWith('.'))
  const names = named.flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((each) => join(name, each)) : [name],
  )
  return names
    .map((name) => join(modules, name))
    .filter(
      (each) => !JSON.parse(readFileSync(join(each, 'package.json'), 'utf8')).name.startsWith('@types/'),
    )
    .flatMap((each) => [
      each,
      ...(readdirSync(each).includes('node_modules') ? installed(join(each, 'node_modules')) : []),
    ])
    .sort()
}
