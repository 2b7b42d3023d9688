import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { busyboxImage, pushImage, tarLayer } from '@dist/testkit/fixtures'
import { beforeAll, describe, expect, it } from 'vitest'
import { requireRunc, runBundle } from '../support/runc.js'
import { useRegistry } from '../support/servers.js'
import { writeLayout } from '../support/umoci.js'
import { jsonLines, linesOf, usePulledStore, useWorkspace } from '../support/workspace.js'

const script = 'id; env; pwd; hostname; echo "$0 $*"'
const images: Record<string, FixtureImage> = {
  full: busyboxImage(
    {
      User: 'web',
      Env: ['PATH=/bin', 'GREETING=hello world', 'EMPTY='],
      Entrypoint: ['/bin/sh', '-c', script],
      Cmd: ['name', 'one', 'two words'],
      WorkingDir: '/srv/www',
      Labels: { 'org.example.label': 'kept' },
      StopSignal: 'SIGQUIT',
    },
    [tarLayer([{ path: 'srv/www/own', content: 'own\n', uid: 33, gid: 34 }])],
  ),
  plain: busyboxImage({ Cmd: ['/bin/sh', '-c', 'id -u; id -g; env; pwd'] }),
  numbers: busyboxImage({ User: '33:90', Cmd: ['/bin/id'] }),
  silent: busyboxImage({ Env: ['PATH=/bin'] }),
}

const workspace = useWorkspace()
const registry = useRegistry(async ({ url }) => {
  for (const [tag, image] of Object.entries(images)) await pushImage(url, 'busybox', tag, image)
})
beforeAll(requireRunc)

const reference = (tag: string) => `${registry().host}/busybox:${tag}`
usePulledStore(workspace, () => Object.keys(images).map(reference))
const place = (name = 'bundle') => join(workspace().root, name)

/** Makes the bundle of an image, with what stands behind the directory. */
function bundle(tag: string, ...args: string[]) {
  return workspace().dist(['bundle', reference(tag), place(), ...args])
}

/** The same, and runs it. */
async function run(tag: string, ...args: string[]) {
  const made = await bundle(tag, ...args)
  expect(made).toMatchObject({ code: 0, stdout: `${place()}\n` })
  const ran = await runBundle(place())
  expect(ran.code, ran.stderr).toBe(0)
  return ran.stdout
}

const configOf = (path: string) => JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'))

describe('runc runs an image from its bundle', () => {
  it('as the user, with the groups, environment, arguments, directory and name that the image says', async () => {
    const lines = linesOf(await run('full'))
    expect(lines[0]).toBe('uid=33(web) gid=34(web) groups=90(media),91(logs)')
    expect(lines).toEqual(
      expect.arrayContaining([
        'GREETING=hello world',
        'EMPTY=',
        'PATH=/bin',
        'HOME=/srv/www',
        'PWD=/srv/www',
      ]),
    )
    expect(lines.slice(-3)).toEqual(['/srv/www', 'dist', 'name one two words'])
  })

  it('as root in the root, with a path to look for programs, where the image says nothing', async () => {
    const lines = linesOf(await run('plain'))
    expect(lines.slice(0, 2)).toEqual(['0', '0'])
    expect(lines).toContain('HOME=/root')
    expect(lines).toContain('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')
    expect(lines.at(-1)).toBe('/')
  })

  it('as the numbers that the image says', async () => {
    expect(await run('numbers')).toBe('uid=33(web) gid=90(media)\n')
  })

  it('with another command behind the entrypoint of the image', async () => {
    const lines = linesOf(await run('full', '--', 'other', '--json', '-x'))
    expect(lines.at(-1)).toBe('other --json -x')
  })

  it('with the command that it is given, where the image has none', async () => {
    expect(await run('silent', '--', 'cat', '/etc/group')).toContain('media:x:90')
  })

  it('with the files of all layers, which what is run may change', async () => {
    expect(await run('silent', '--', 'sh', '-c', 'cat /srv/www/own; echo new > /tmp/new')).toBe('')
    expect(readFileSync(join(place(), 'rootfs/tmp/new'), 'utf8')).toBe('new\n')
    const again = await workspace().dist(['bundle', reference('silent'), place('again'), '--', 'true'])
    expect(again.code).toBe(0)
    expect(existsSync(join(place('again'), 'rootfs/tmp/new'))).toBe(false)
  })
})

it('config.json says as annotations what the image says of itself', async () => {
  await bundle('full')
  expect(configOf(place()).annotations).toMatchObject({
    'org.example.label': 'kept',
    'org.opencontainers.image.os': 'linux',
    'org.opencontainers.image.stopSignal': 'SIGQUIT',
  })
})

it.each(Object.keys(images).filter((tag) => tag !== 'silent'))(
  'process and root filesystem are those that umoci makes: %s',
  async (tag) => {
    await bundle(tag)
    const [layout, other] = [place('layout'), place('umoci')]
    await writeLayout(layout, 'tag', images[tag] as FixtureImage)
    execFileSync('umoci', ['unpack', '--image', `${layout}:tag`, other], { stdio: 'pipe' })
    const [{ process: own }, { process: theirs }] = [configOf(place()), configOf(other)]
    for (const member of ['args', 'cwd'] as const) expect(own[member]).toEqual(theirs[member])
    // umoci gives each a terminal.
    const environment = theirs.env.filter((entry: string) => !entry.startsWith('TERM='))
    expect(own.env.toSorted()).toEqual(expect.arrayContaining(environment.toSorted()))
    const { uid, gid, additionalGids = [] } = theirs.user
    expect(own.user).toEqual({ uid, gid, additionalGids })
    const listed = (path: string) => execFileSync('ls', ['-lRn', '--time-style=+%s', 'rootfs'], { cwd: path })
    expect(listed(place()).toString()).toBe(listed(other).toString())
  },
)

it('--json tells where it is and what it is made of; the snapshot is used again', async () => {
  const made = await bundle('full', '--json')
  const [{ name, bundle: path, chainID } = {}] = jsonLines(made.stdout)
  expect([name, path]).toEqual([reference('full'), place()])
  const snapshots = jsonLines((await workspace().dist(['snapshots', '--json'])).stdout)
  expect(snapshots).toMatchObject([{ chainID }])
  await workspace().dist(['bundle', reference('full'), place('again')])
  expect(jsonLines((await workspace().dist(['snapshots', '--json'])).stdout)).toEqual(snapshots)
})

describe('the directory', () => {
  it('may be there when it is empty, and is its owner’s alone', async () => {
    mkdirSync(place())
    expect((await bundle('full')).code).toBe(0)
    expect(readdirSync(place()).sort()).toEqual(['config.json', 'rootfs'])
    expect(statSync(place()).mode & 0o777).toBe(0o700)
  })

  it('must not have anything in it: 2, and nothing is done', async () => {
    mkdirSync(place())
    writeFileSync(join(place(), 'mine'), 'mine')
    const ended = await bundle('full')
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain(`${place()} is not empty`)
    expect(readdirSync(place())).toEqual(['mine'])
    expect((await workspace().dist(['snapshots', '--json'])).stdout).toBe('')
  })

  it('must not be a file: 2', async () => {
    writeFileSync(place(), '')
    expect((await bundle('full')).code).toBe(2)
  })

  it('is not made without a command: 2', async () => {
    const ended = await bundle('silent')
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain('names no command')
    expect(existsSync(place())).toBe(false)
    expect(readdirSync(dirname(place())).filter((name) => name.startsWith('.bundle'))).toEqual([])
  })

  it('is absent or whole when it is killed in the middle, and what is left is removed the next time', async () => {
    await workspace().dist(['unpack', reference('full')])
    const halves = () => readdirSync(workspace().root).filter((name) => name.startsWith('.bundle.'))
    const running = workspace().start(['bundle', reference('full'), place()])
    const begun = () => halves().length > 0 || existsSync(place())
    while (!begun()) await new Promise((resolve) => setImmediate(resolve))
    running.child.kill('SIGKILL')
    await running.ended
    if (existsSync(place())) expect(readdirSync(place()).sort()).toEqual(['config.json', 'rootfs'])
    else expect((await workspace().dist(['bundle', reference('full'), place()])).code).toBe(0)
    expect(halves()).toEqual([])
  })
})
