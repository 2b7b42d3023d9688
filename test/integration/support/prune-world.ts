import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { ScriptedRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { namesIn } from './store-files.js'
import { jsonLines, type Workspace } from './workspace.js'

const image = ociImage({ layers: [seededLayer('pruned', 1000)] })

/** The digest of every image that `putTags` puts. */
export const tagDigest = image.descriptor.digest

/** Has a repository have exactly these tags, all of the same image. */
export function putTags({ content }: ScriptedRegistry, repository: string, tags: readonly string[]): void {
  for (const tag of content.tagsOf(repository) ?? [])
    if (!tags.includes(tag)) content.deleteTag(repository, tag)
  for (const tag of tags) content.putImage(repository, tag, image)
}

/** The tags `1` to `n`. */
export function numbered(n: number): string[] {
  return Array.from({ length: n }, (_, i) => `${i + 1}`)
}

/** The names of a registry's images in the store, without the host, sorted. With `env` as `dist images` lists them: of a bucket. */
export async function storedNames(
  workspace: Workspace,
  { host }: ScriptedRegistry,
  env?: Readonly<Record<string, string>>,
): Promise<string[]> {
  const names = env === undefined ? await namesIn(workspace.store) : await listedNames(workspace, env)
  const prefix = `${host}/`
  return names.flatMap((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : [])).sort()
}

async function listedNames(workspace: Workspace, env: Readonly<Record<string, string>>): Promise<string[]> {
  const { stdout } = await workspace.dist(['images', '--json', '--all'], { env })
  return jsonLines<{ name: string }>(stdout).map(({ name }) => name)
}

/** What the store has noted of an entry. */
export interface NotedLedger {
  entry: string
  selected: string[]
  unselected: Record<string, number>
}

/** Changes the ledgers of a folder that can be read: the times in them are those of the test's past. */
export function changeLedgers(store: string, change: (ledger: NotedLedger) => void): void {
  const folder = join(store, 'ledgers')
  for (const file of readdirSync(folder)) {
    const path = join(folder, file)
    const ledger = readLedger(path)
    if (ledger === undefined) continue
    change(ledger)
    writeFileSync(path, gzipSync(JSON.stringify(ledger)))
  }
}

/** The file of an entry's ledger. Throws where the store has none. */
export function fileOfLedger(store: string, entry: string): string {
  const paths = readdirSync(join(store, 'ledgers')).map((file) => join(store, 'ledgers', file))
  const path = paths.find((each) => readLedger(each)?.entry === entry)
  if (path === undefined) throw new Error(`${entry} has no ledger`)
  return path
}

/** Undefined where the file is damaged. */
function readLedger(path: string): NotedLedger | undefined {
  try {
    return JSON.parse(gunzipSync(readFileSync(path)).toString())
  } catch {
    return undefined
  }
}
