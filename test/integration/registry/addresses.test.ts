import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import type { Step, StepEnded } from '../support/address-program.js'
import { program } from '../support/program.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const world = await bundleProgram({
  file: fileURLToPath(new URL('../support/address-program.ts', import.meta.url)),
})

/** Names of the namespace, `<name>.example`; all of its addresses are its own. */
const names: Readonly<Record<string, readonly string[]>> = {
  public: ['203.0.113.10'],
  cdn: ['203.0.113.20'],
  private: ['10.0.0.5'],
  inside: ['10.0.0.6'],
  shared: ['100.64.0.7'],
  loop: ['127.0.0.1'],
  metadata: ['169.254.169.254'],
  alibaba: ['100.100.100.200'],
  mixed: ['10.0.0.6', '169.254.169.254', '203.0.113.20'],
}

/** Runs commands in a network namespace that has these names and addresses. Fails where the machine allows none. */
async function within(...steps: Step[]): Promise<StepEnded[]> {
  const hosts = Object.entries(names).flatMap(([name, addresses]) =>
    addresses.map((address) => `${address} ${name}.example\n`),
  )
  workspace().file('hosts', hosts.join(''))
  workspace().file('nsswitch.conf', 'hosts: files\n')
  const addresses = [...new Set(Object.values(names).flat())].filter((address) => address !== '127.0.0.1')
  const isolated = process.getuid?.() === 0 ? 'unshare -n -m' : 'unshare -rnm'
  const prepared = [
    'ip link set lo up',
    ...addresses.map((address) => `ip address add ${address}/32 dev lo`),
    'mount --bind hosts /etc/hosts',
    'mount --bind nsswitch.conf /etc/nsswitch.conf',
    'exec "$@"',
  ].join('; ')
  const command = `${isolated} bash -euc '${prepared}' - ${process.execPath} ${world} "$PROGRAM" "$STEPS"`
  const env = { PROGRAM: program(), STEPS: JSON.stringify(steps) }
  const { code, stdout, stderr } = await workspace().shell(command, { env })
  if (code !== 0)
    throw new Error(
      `this test has a network of its own and may not (${isolated}): run it as root, with CAP_SYS_ADMIN and CAP_NET_ADMIN ` +
        `in a container, or where users may have namespaces: ${stderr}`,
    )
  return JSON.parse(stdout)
}

/** Settings of a registry of the namespace, which speaks plain http. */
function hostsToml(name: string, top = ''): string {
  const path = `${workspace().home}/config/dist/certs.d/${name}.example_5000_/hosts.toml`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${top}\nserver = "http://${name}.example:5000"\n`)
  return path
}

const pull = (registry: string, place: string, tag = 'small'): Step => ({
  args: [
    'pull',
    '--store',
    `${workspace().store}-${registry}-${place}`,
    `${registry}.example:5000/redirect/${place}:${tag}`,
  ],
})
const resolve = (registry: string, place: string): Step => ({
  args: ['resolve', `${registry}.example:5000/realm/${place}:small`],
})

const reach: Readonly<Record<string, readonly string[]>> = {
  public: ['cdn', 'mixed'],
  private: ['cdn', 'mixed', 'inside', 'shared'],
  loop: ['cdn', 'mixed', 'inside', 'shared', 'loop'],
}
const places = ['cdn', 'mixed', 'inside', 'shared', 'loop', 'metadata', 'alibaba']

it.each(Object.keys(reach))(
  'R35 where a registry at a %s address may lead by redirects',
  async (registry) => {
    hostsToml(registry)
    const ended = await within(...places.map((place) => pull(registry, place)))
    const done = places.filter((_, i) => ended[i]?.code === 0)
    expect(done).toEqual(reach[registry])
    for (const [i, { code, stderr, requests }] of ended.entries()) {
      if (code === 0) continue
      const [address] = names[places[i] ?? ''] ?? []
      expect(code).toBe(4)
      expect(stderr).toContain(`addresses = ["${address}"]`)
      expect(requests.filter((request) => request.includes(`${places[i]}.example`))).toEqual([])
    }
  },
)

it('R35 of a name with several addresses only those are connected to that may be', async () => {
  hostsToml('public')
  const [ended] = await within(pull('public', 'mixed'))
  expect(ended?.code).toBe(0)
  const led = ended?.requests.filter((request) => request.includes('mixed.example'))
  expect(led).toEqual([expect.stringMatching(/^203\.0\.113\.20 /)])
})

it('R35 the line that the error prints allows it, as does the environment', async () => {
  const path = hostsToml('public')
  const [refused, allowed] = await within(pull('public', 'inside'), {
    ...pull('public', 'inside'),
    env: { DIST_ADDRESSES: '10.0.0.0/8' },
  })
  const [, line = '', file] =
    /add (addresses = \[[^\]]*\]) at the top of (\S+)/.exec(refused?.stderr ?? '') ?? []
  expect(file).toBe(path)
  expect(allowed?.code).toBe(0)
  hostsToml('public', line)
  const [again] = await within({
    args: [...pull('public', 'inside').args, '--store', `${workspace().store}-new`],
  })
  expect(again?.code).toBe(0)
})

it('R35 a token server further inside is not asked', async () => {
  hostsToml('public')
  const [inside, metadata] = await within(resolve('public', 'inside'), resolve('public', 'metadata'))
  for (const ended of [inside, metadata]) {
    expect(ended?.code).toBe(4)
    expect(ended?.requests.filter((request) => request.includes('/token'))).toEqual([])
  }
  expect(inside?.stderr).toContain(
    'inside.example has 10.0.0.6, a private address, while public.example:5000',
  )
})

it('R35 what worker threads fetch is judged as well', async () => {
  hostsToml('public')
  const [inside, cdn] = await within(pull('public', 'inside', 'large'), pull('public', 'cdn', 'large'))
  expect(inside?.code).toBe(4)
  expect(inside?.stderr).toContain('addresses = ["10.0.0.6"]')
  expect(inside?.requests.filter((request) => request.includes('inside.example'))).toEqual([])
  expect(cdn?.code).toBe(0)
})

it('R32 the line that the error prints allows a token server on another domain', async () => {
  const path = hostsToml('public')
  const auths = Object.fromEntries([['public.example:5000', { auth: btoa('ann:secret') }]])
  const authfile = workspace().file('auth.json', JSON.stringify({ auths }))
  const step = { args: [...resolve('public', 'cdn').args, '--authfile', authfile] }
  const [refused] = await within(step)
  expect(refused?.code).toBe(4)
  const [, line = '', file] =
    /add (realms = \[[^\]]*\]) at the top of (\S+)/.exec(refused?.stderr ?? '') ?? []
  expect([line, file]).toEqual(['realms = ["cdn.example:5000"]', path])
  hostsToml('public', line)
  const [allowed] = await within(step)
  expect(allowed).toMatchObject({ code: 0, stdout: expect.stringContaining('public.example:5000/realm/cdn') })
})

it('2: a net in the environment that is none, before anything is sent', async () => {
  const ended = await workspace().dist(['resolve', '127.0.0.1:1/app:1'], {
    env: { DIST_ADDRESSES: '10.0.0.0/8,10.0.0.0/33' },
  })
  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(ended.stderr).toContain('DIST_ADDRESSES: "10.0.0.0/33" is not an address or a net')
})
