import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const registry = useRegistry(({ url }) => pushImage(url, 'team/app', '1', singleImage))
const workspace = useWorkspace()
const printed = (client: string, ...args: string[]) =>
  workspace().dist(['serve', '--print-config', client, ...args])

it('the file of a client has the address and the registries of the store, and is alone on stdout', async () => {
  const { host } = registry()
  expect(await workspace().dist(['pull', `${host}/team/app:1`])).toMatchObject({ code: 0 })
  const url = 'https://mirror.example:5443'
  const [containerd, docker, podman, crio, k3s] = await Promise.all(
    ['containerd', 'docker', 'podman', 'crio', 'k3s'].map((client) =>
      printed(client, '--public-url', `${url}/`),
    ),
  )
  for (const each of [containerd, docker, podman, crio, k3s]) {
    expect(each).toMatchObject({ code: 0 })
    expect(each?.stderr).toMatch(/^dist: (write this to|merge this into) \/etc\//)
  }
  expect(containerd?.stdout).toContain(`[host."${url}"]\n`)
  expect(JSON.parse(docker?.stdout ?? '')).toEqual({ 'registry-mirrors': [url] })
  const path = host.replace(':', '_')
  expect(podman?.stdout).toBe(
    `[[registry]]\nlocation = "${host}"\n\n[[registry.mirror]]\nlocation = "mirror.example:5443/${path}"\n`,
  )
  expect(crio?.stdout).toBe(podman?.stdout)
  expect(k3s?.stdout).toContain(`mirrors:\n  "${host}":\n    endpoint:\n      - "${url}"\n`)
})

it('without a store it is for the usual registries, and says what sign-in needs', async () => {
  const env = { DIST_STORE: '', DIST_REGISTRY_HTPASSWD: 'users' }
  const { code, stdout, stderr } = await workspace().dist(['serve', '--print-config', 'podman'], { env })
  expect(code, stderr).toBe(0)
  expect(stdout.match(/^location = "(.*)"$/gm)).toContain('location = "127.0.0.1:5000/docker.io"')
  expect(stderr).toContain('podman login 127.0.0.1:5000')
})

it('a client that is not known, and a store that does not exist, are errors', async () => {
  const unknown = await printed('nomad')
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain('one of containerd, docker, podman, crio, k3s is expected, not "nomad"')
  expect(await printed('podman', '--store', 'nowhere')).toMatchObject({ code: 3, stdout: '' })
})
