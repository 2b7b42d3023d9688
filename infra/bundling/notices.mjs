import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const licenceFile = /^(licen[cs]e|copying|copyright|notice)/i
const texts = fileURLToPath(new URL('licences/', import.meta.url))

/** The folders of the packages that the inputs of a bundle are from; `inputs` are paths, from `root` on. */
export function packagesOf(inputs, root) {
  const folders = inputs
    .filter((path) => path.includes('node_modules/'))
    .map((path) => packageOf(resolve(root, path)))
  return [...new Set(folders)].sort()
}

/**
 * What the licences of packages want to come along: each package with its version, and the whole text of its licence,
 * once for all that have the same. Throws for a package of which no text is known.
 */
export function noticesOf(folders) {
  const byText = new Map()
  for (const folder of folders) {
    const manifest = manifestOf(folder)
    const text = licenceOf(folder, manifest)
    byText.set(text, [
      ...(byText.get(text) ?? []),
      `${manifest.name} ${manifest.version} (${licenceId(manifest)})`,
    ])
  }
  return [...byText]
    .map(([text, names]) => `${[...new Set(names)].join('\n')}\n\n${text}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`)
}

/** The nearest folder whose package.json has a version: there are others, which only say how modules are read. */
function packageOf(path) {
  let folder = dirname(path)
  while (!existsSync(join(folder, 'package.json')) || manifestOf(folder).version === undefined)
    folder = dirname(folder)
  return folder
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function licenceOf(folder, manifest) {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map(({ name }) => name)
  if (files.length > 0)
    return files.map((name) => normal(readFileSync(join(folder, name), 'utf8'))).join('\n\n')
  // Some bring no text: that of the licence they name, with the author whom they name.
  const standard = join(texts, `${licenceId(manifest)}.txt`)
  if (!existsSync(standard))
    throw new Error(`${manifest.name} ${manifest.version} brings no licence: see ${texts}`)
  return normal(readFileSync(standard, 'utf8')).replace('<copyright holder>', authorOf(manifest))
}

function licenceId({ license, licenses }) {
  return license?.type ?? license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'see below'
}

function authorOf({ author, name }) {
  return (author?.name ?? author ?? `the authors of ${name}`).replace(/ *[<(].*/, '')
}

function normal(text) {
  return text
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+$/gm, '')
    .trim()
}
