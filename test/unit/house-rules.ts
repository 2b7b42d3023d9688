import type { Tree } from './tree.js'

const maxLines = 300
// Docker's protocol calls its programs credential helpers.
const vague = /(?<!credential-?)Helper|Util|Common/i

/** All breaches of the house rules in a tree, one line each. */
export function houseBreaches(tree: Tree): string[] {
  return [...[...tree].flatMap(([path, text]) => fileBreaches(path, text)), ...packageBreaches(tree)]
}

function fileBreaches(path: string, text: string): string[] {
  const breaches: string[] = []
  const name = path.split('/').at(-1) ?? ''
  if (/\.[cm]?[jt]sx?$/.test(name)) {
    const lines = text.trimEnd().split('\n').length
    if (lines > maxLines) breaches.push(`${path} has ${lines} lines, more than ${maxLines}: split it by verb`)
    if (vague.test(name)) breaches.push(`${path}: name it by its role`)
    for (const [, type] of text.matchAll(
      /^export (?:default )?(?:abstract )?(?:class|interface|function) (\w+)/gm,
    ))
      if (vague.test(type ?? '')) breaches.push(`${path} exports ${type}: name it by its role`)
  }
  if (
    /\.test\.ts$/.test(name) &&
    /\b(?:it|test|describe)(?:\.\w+)*\.(?:only|skip|todo|skipIf|runIf)\b/.test(text)
  )
    breaches.push(`${path} leaves tests out`)
  if (path === 'package-lock.json') breaches.push(...lockBreaches(text))
  return breaches
}

/** Locked packages come from the public registry or from this repository. */
function lockBreaches(text: string): string[] {
  const packages: Record<string, { resolved?: string | undefined; link?: boolean | undefined }> =
    JSON.parse(text).packages ?? {}
  return Object.entries(packages)
    .filter(
      ([, { resolved, link }]) => !link && resolved && !resolved.startsWith('https://registry.npmjs.org/'),
    )
    .map(([name, { resolved }]) => `package-lock.json takes ${name} from ${resolved}`)
}

function packageBreaches(tree: Tree): string[] {
  const breaches: string[] = []
  for (const [path, text] of tree) {
    const [, folder, name] = /^((?:packages|services)\/([^/]+))\/package\.json$/.exec(path) ?? []
    if (folder === undefined) continue
    if (JSON.parse(text).name !== `@dist/${name}`) breaches.push(`${path}: the name must be @dist/${name}`)
    if (![...tree.keys()].some((file) => file.startsWith(`${folder}/test/`) && file.endsWith('.test.ts')))
      breaches.push(`${folder} has no tests`)
  }
  return breaches
}
