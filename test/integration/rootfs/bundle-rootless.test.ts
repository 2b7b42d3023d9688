import { chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { busyboxImage, pushImage, tarLayer } from '@dist/testkit/fixtures'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { bundleFolder } from '../support/program.js'
import { requireRunc } from '../support/runc.js'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

/** As some distributions have theirs: not even their owner may read them. */
const closed = tarLayer([
  { path: 'etc/shadow', content: 'secret', mode: 0 },
  { path: 'closed', type: 'directory', mode: 0 },
])
const upper = tarLayer([{ path: 'etc/two', content: 'two\n' }])
const image = busyboxImage({ Cmd: ['/bin/sh', '-c', 'id; cat /etc/two'] }, [closed, upper])

const nobody = 65_534
const workspace = useWorkspace()
const registry = useRegistry(({ url }) => pushImage(url, 'rootless', 'latest', image))
const reference = () => `${registry().host}/rootless:latest`
const inside = (...parts: string[]) => join(workspace().root, ...parts)

beforeAll(requireRunc)

// Of its own, since neither the program nor Node need be where others than root may read.
beforeEach(() => {
  chmodSync(workspace().root, 0o755)
  copyFileSync(process.execPath, inside('node'))
  cpSync(dirname(bundleFolder()), inside('cli'), { recursive: true })
  for (const folder of [workspace().home, workspace().store, inside('work')]) {
    mkdirSync(folder, { recursive: true })
    chownSync(folder, nobody, nobody)
  }
})

/** Runs a script as a user without any rights, in which `dist` is the command. */
async function asNobody(script: string) {
  const dist = `dist() { '${inside('node')}' '${inside('cli/bin/dist.mjs')}' "$@"; }`
  const whole = `export PATH=$PATH:/usr/sbin:/sbin; cd '${inside('work')}'; ${dist}; ${script}`
  const env = { SCRIPT: whole }
  const as = `setpriv --reuid ${nobody} --regid ${nobody} --clear-groups`
  const ended = await workspace().shell(`exec ${as} bash -c "$SCRIPT"`, { env })
  expect(ended.code, ended.stderr).toBe(0)
  return ended
}

it('without root, an image is pulled, unpacked and run', async () => {
  const run = `runc --root "$PWD/state" run --bundle "$PWD/bundle" dist-rootless-$$`
  const { stdout } = await asNobody(
    `dist pull ${reference()} >&2 && dist bundle --rootless ${reference()} bundle >&2 && ${run} < /dev/null`,
  )
  expect(stdout).toBe('uid=0(root) gid=0(root)\ntwo\n')
  const shadow = statSync(inside('work/bundle/rootfs/etc/shadow'))
  expect([shadow.mode & 0o777, shadow.uid, shadow.size]).toEqual([0, nobody, 6])
})

it('directories without any permission are removed', async () => {
  const { stdout } = await asNobody(`
    dist pull --unpack ${reference()} >&2
    dist snapshots --json | grep -o '"chainID":"[^"]*' | cut -d'"' -f4 | xargs -n1 > ids
    dist snapshots rm $(cat ids) >&2 && dist snapshots --json && wc -l < ids`)
  expect(jsonLines(stdout)).toEqual([3])
})
