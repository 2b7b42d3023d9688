import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestsOf, largeImage, ociImage, pushImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { leftovers, rehash } from '../support/store-files.js'
import { type Ended, linesOf, useWorkspace } from '../support/workspace.js'

const bulkyImage = ociImage({
  layers: [seededLayer('bulky-1', 3_000_000), seededLayer('bulky-2', 12_000_000)],
})
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'app', '1', singleImage)
  await pushImage(url, 'app', 'bulky', bulkyImage)
  await pushImage(url, 'app', 'large', largeImage())
})
const workspace = useWorkspace()
const isRoot = process.getuid?.() === 0
/** Root may write anywhere. Without these capabilities permissions apply to it, too. */
const asAnybody = isRoot ? 'setpriv --bounding-set=-dac_override,-dac_read_search ' : ''
/** A separate mount namespace, for a user in a user namespace. */
const isolated = isRoot ? 'unshare -m' : 'unshare -rm'

const pull = (...options: string[]) => workspace().dist(['pull', ...options, `${registry().host}/app:1`])

/** Runs a script with private mounts. Fails when the machine does not allow them. */
async function withMounts(script: string): Promise<Ended> {
  const probe = await workspace().shell(`${isolated} mount -t tmpfs none /mnt`)
  if (probe.code !== 0) {
    throw new Error(
      `this test mounts file systems of its own and may not (${isolated}): run it as root, with CAP_SYS_ADMIN ` +
        `in a container, or where users may have namespaces: ${probe.stderr}`,
    )
  }
  return workspace().shell(`${isolated} bash -euc '${script}'`)
}

function expectOneLine(ended: Ended, code: number, said: RegExp): void {
  expect(ended).toMatchObject({ code, stdout: '' })
  const lines = linesOf(ended.stderr).filter((line) => line.startsWith('dist: '))
  expect(lines).toEqual([expect.stringMatching(said)])
  expect(ended.stderr).not.toContain('    at ')
}

it('a folder without write permission: 4, with what to do', async () => {
  const script = `mkdir closed; chmod 555 closed; ${asAnybody}dist pull --store closed ${registry().host}/app:1`
  expectOneLine(await workspace().shell(script), 4, /closed: .*no access \(EACCES\)/)
})

it('a store that is readable only: 4, and its content stays', async () => {
  await pull()
  const { store } = workspace()
  const script = `chmod -R a-w ${store}; ${asAnybody}dist pull ${registry().host}/app:bulky; code=$?
    ${asAnybody}dist images --json >&2 || code=1$code; chmod -R u+w ${store}; exit $code`
  expectOneLine(await workspace().shell(script), 4, /no access \(EACCES\)/)
  expect(await rehash(store)).toEqual(digestsOf(singleImage))
})

it('a file system that is read-only: 4', async () => {
  await pull()
  const { store } = workspace()
  const ended = await withMounts(
    `mount --bind ${store} ${store}; mount -o remount,bind,ro ${store}; dist pull ${registry().host}/app:bulky`,
  )
  expectOneLine(ended, 4, /read-only file system.*\(EROFS\)/)
})

it('a store of a newer layout: 1, and nothing in it changes', async () => {
  await pull()
  const layout = join(workspace().store, 'oci-layout')
  const newer = '{"imageLayoutVersion":"2.0.0"}'
  workspace().file('store/oci-layout', newer)
  expectOneLine(await pull(), 1, /2\.0\.0/)
  expect(readFileSync(layout, 'utf8')).toBe(newer)
})

it('a folder with other files: 2, and it does not change', async () => {
  const { root } = workspace()
  await workspace().shell('mkdir other; echo mine > other/file')
  expectOneLine(await pull('--store', join(root, 'other')), 2, /other/)
  expect((await workspace().shell('ls -A other')).stdout).toBe('file\n')
})

it.each([
  ['a file', 'file', 2],
  ['a path through a file', 'file/store', 2],
])('%s: %s, %i', async (_, path, code) => {
  workspace().file('file', '')
  expectOneLine(await pull('--store', join(workspace().root, path)), code, /file/)
})

it('a path where nothing can be created, as /proc, fails fast', async () => {
  const ended = await workspace().shell(`timeout 10 dist pull --store /proc/x/y ${registry().host}/app:1`)
  expectOneLine(ended, 3, /\/proc\/x/)
})

it.each([
  ['', 'bulky', bulkyImage, 10],
  [', met by worker threads', 'large', largeImage(), 60],
])(
  'S14 a disk that is full%s: 1, nothing partial is visible, and the next pull finishes',
  async (_, tag, image, room) => {
    const copy = join(workspace().root, 'copy')
    // A file beside the store fills the disk: users may not remount.
    const ended = await withMounts(`
    mkdir disk; mount -t tmpfs -o size=256m none disk; head -c ${256 - room}M /dev/zero > disk/filler
    export DIST_STORE=$PWD/disk/store
    code=0; dist pull ${registry().host}/app:${tag} || code=$?
    dist images --json; cp -a disk/store ${copy}-full
    rm disk/filler
    dist pull ${registry().host}/app:${tag} 2>/dev/null >&2; cp -a disk/store ${copy}-whole
    exit $code`)
    expectOneLine(ended, 1, /no space left.*\(ENOSPC\)/)
    expect(digestsOf(image)).toEqual(expect.arrayContaining(await rehash(`${copy}-full`)))
    expect(await rehash(`${copy}-whole`)).toEqual(digestsOf(image))
    expect(await leftovers(`${copy}-whole`)).toEqual([])
  },
)
