import { describe, expect, it } from 'vitest'
import { clientConfig, clients, type ServerAddress } from '../src/client-config/client-config.js'

const plain: ServerAddress = {
  url: 'http://mirror.example:5000',
  hosts: ['docker.io', '10.0.0.7:5000'],
  signIn: false,
}
const signed: ServerAddress = { ...plain, url: 'https://mirror.example', signIn: true }
const content = (...args: Parameters<typeof clientConfig>) => clientConfig(...args).content
const notes = (...args: Parameters<typeof clientConfig>) => clientConfig(...args).notes.join('\n')

it('the configuration of containerd is a hosts.toml for all registries', () => {
  expect(content('containerd', plain)).toBe(
    '[host."http://mirror.example:5000"]\n  capabilities = ["pull", "resolve"]\n',
  )
  expect(notes('containerd', plain)).toContain('/etc/containerd/certs.d/_default/hosts.toml')
  expect(content('containerd', signed)).toContain('[host."https://mirror.example".header]\n')
  expect(content('containerd', signed)).toContain('# ca = ')
})

describe('the configuration of docker', () => {
  it('is a daemon.json, and says when the server needs another option', () => {
    expect(JSON.parse(content('docker', plain))).toEqual({
      'registry-mirrors': ['http://mirror.example:5000'],
      'insecure-registries': ['mirror.example:5000'],
    })
    expect(notes('docker', plain)).toContain('the server needs --default-registry docker.io')
    expect(notes('docker', { ...plain, defaultRegistry: 'docker.io' })).not.toContain('--default-registry')
    expect(notes('docker', plain)).toContain('docker pull mirror.example:5000/10.0.0.7_5000/NAME:TAG')
  })

  it('speaks http on loopback without being told', () => {
    const local = { ...plain, url: 'http://127.0.0.1:5000' }
    expect(JSON.parse(content('docker', local))).toEqual({ 'registry-mirrors': ['http://127.0.0.1:5000'] })
  })

  it('has no mirror with sign-in, where docker pulls by path', () => {
    expect(JSON.parse(content('docker', signed))).toEqual({})
    expect(notes('docker', signed)).toContain('docker login mirror.example')
  })
})

it.each(['podman', 'crio'] as const)(
  'the configuration of %s names the mirror of each registry',
  (client) => {
    expect(content(client, plain)).toBe(`[[registry]]
location = "docker.io"

[[registry.mirror]]
location = "mirror.example:5000/docker.io"
insecure = true

[[registry]]
location = "10.0.0.7:5000"

[[registry.mirror]]
location = "mirror.example:5000/10.0.0.7_5000"
insecure = true
`)
    expect(content(client, signed)).not.toContain('insecure')
  },
)

it('the configuration of k3s names the endpoint of each registry, and the credentials', () => {
  const mirrors = (url: string) =>
    plain.hosts.map((host) => `  "${host}":\n    endpoint:\n      - "${url}"\n`).join('')
  expect(content('k3s', plain)).toBe(`mirrors:\n${mirrors('http://mirror.example:5000')}`)
  const [, configs = ''] = content('k3s', signed).split(mirrors('https://mirror.example'))
  expect(configs).toMatch(
    /^configs:\n {2}"mirror\.example":\n {4}auth:\n {6}username: USER\n {6}password: PASSWORD\n# {5}tls:\n# {7}ca_file: /,
  )
  const open = content('k3s', { ...signed, signIn: false })
  expect(open).toContain('\n# configs:\n#   "mirror.example":\n#     tls:\n')
  expect(open).not.toMatch(/^configs:/m)
})

it.each(clients)(
  '%s leaves out registries that no path can name, and says where its file belongs',
  (client) => {
    const server = { ...plain, hosts: ['docker.io', '[::1]:5000'] }
    if (client === 'podman' || client === 'crio') expect(content(client, server)).not.toContain('::1')
    expect(notes(client, server)).toMatch(/(write this to|merge this into) \/etc\//)
  },
)
