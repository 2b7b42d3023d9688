import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startRegistry, startServer, waitFor } from '@dist/testkit/servers'
import { afterEach, beforeEach, expect, it } from 'vitest'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'servers-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A process that starts a registry with its temporary folder in `folder`, says its pid, and waits. */
async function startParent(): Promise<{ parent: ChildProcess; serverPid: number }> {
  const script = `
    import { startRegistry } from './packages/testkit/src/servers/docker-registry.ts'
    console.log((await startRegistry()).pid)
    setInterval(() => {}, 1000)`
  const args = ['--import', 'tsx', '--conditions=source', '--input-type=module', '-e', script]
  const parent = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  })
  const [chunk] = await once(parent.stdout, 'data')
  return { parent, serverPid: Number(String(chunk).trim()) }
}

/** A zombie without a waiting parent is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'a server and its storage are gone when its parent dies by %s',
  async (signal) => {
    const { parent, serverPid } = await startParent()
    expect(isAlive(serverPid)).toBe(true)
    expect(readdirSync(folder).filter((name) => name.startsWith('dist-registry-'))).toHaveLength(1)
    parent.kill(signal)
    await waitFor(() => !isAlive(serverPid), 'the end of the server')
    const storage = () => readdirSync(folder).filter((name) => name.startsWith('dist-registry-'))
    await waitFor(() => storage().length === 0, 'the removal of the storage')
  },
)

it('a server is gone when it was stopped, and stopping again is harmless', async () => {
  const registry = await startRegistry()
  await registry.stop()
  await registry.stop()
  expect(isAlive(registry.pid)).toBe(false)
})

it('no port is given twice, and none that the kernel gives to connections', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort))
  expect(new Set(ports).size).toBe(200)
  const lowest = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
  expect(Math.max(...ports)).toBeLessThan(lowest)
})

it('a server that ends at once is an error with its own words', async () => {
  const started = startServer('sh', ['-c', 'echo cannot bind; exit 3'], { ready: async () => false })
  await expect(started).rejects.toThrow(/ended before it was ready[\s\S]*cannot bind/)
})

it('a server that never gets ready is stopped and reported', async () => {
  const mark = join(folder, 'stopped')
  const script = `trap 'touch ${mark}; exit' TERM; while :; do sleep 0.05; done`
  const started = startServer('sh', ['-c', script], { ready: async () => false, timeout: 300 })
  await expect(started).rejects.toThrow('not within 0.3 s')
  expect(existsSync(mark)).toBe(true)
})

it('a command that is not installed is an error', async () => {
  await expect(startServer('/no/such/server', [], { ready: async () => true })).rejects.toThrow('ENOENT')
})
