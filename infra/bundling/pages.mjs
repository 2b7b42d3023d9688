import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './options.mjs'

const manifestPath = createRequire(join(root, 'services/dashboard/package.json')).resolve(
  '@bull-board/ui/package.json',
)

/** What the dashboard serves, built: @bull-board/ui. */
export const pages = join(dirname(manifestPath), 'dist')
/** The licences of the packages that are in there; dashboard-ui.mjs writes it. */
export const pagesNotices = fileURLToPath(new URL('dashboard-ui.txt', import.meta.url))

export function pagesManifest() {
  return JSON.parse(readFileSync(manifestPath, 'utf8'))
}

/** Their licences, as far as they are those of this version. */
export function noticesOfPages() {
  const { name, version } = pagesManifest()
  const text = readFileSync(pagesNotices, 'utf8')
  if (!text.startsWith(`${name} ${version} is made of:\n`))
    throw new Error(`${pagesNotices} is not of ${name} ${version}: run node infra/bundling/dashboard-ui.mjs`)
  return text
}
