import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'dist-gateway-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A process that starts a gateway with its storage in `folder`, prints its status, and stops it on input. */
async function startParent() {
  const program = `
    import { startGateway } from ${JSON.stringify(join(process.cwd(), 'packages/testkit/src/servers/ceph-gateway.ts'))}
    const gateway = await startGateway()
    console.log((await fetch(gateway.endpoint)).status)
    process.stdin.once('data', () => gateway.stop().then(() => process.exit()))
  `
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
  const env = { ...process.env, TMPDIR: folder }
  const parent = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
  expect(line).toBe('200')
  return parent
}

/** The servers that have their configuration in `folder`. Zombies have no command line and do not count. */
function servers(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(commandOf).filter((command) => /^(ceph-|radosgw)/.test(command) && command.includes(folder))
}

function storage(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('dist-ceph-'))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

it('a gateway is three servers, which are gone with their storage after stop', async () => {
  const parent = await startParent()
  expect(servers()).toHaveLength(3)
  parent.stdin.write('stop\n')
  await once(parent, 'exit')
  expect(servers()).toEqual([])
  expect(storage()).toEqual([])
})

it('a gateway ends, and its storage is removed, when its parent is killed', async () => {
  const parent = await startParent()
  parent.kill('SIGKILL')
  await expect.poll(servers, { timeout: 10_000 }).toEqual([])
  await expect.poll(storage, { timeout: 10_000 }).toEqual([])
})
