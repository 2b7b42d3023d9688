import { type ImageConfig, type RunConfig, runtimeSpec, type SpecOptions } from '@dist/rootfs'
import { describe, expect, it } from 'vitest'
import { thrown } from './support/world.js'

interface Spec {
  ociVersion: string
  process: { args: string[]; env: string[]; cwd: string; user: object; terminal: boolean }
  root: object
  hostname: string
  annotations: Record<string, string>
  mounts: { destination: string; type: string; options?: string[] | undefined }[]
  linux: {
    namespaces: { type: string }[]
    uidMappings?: object[] | undefined
    resources?: object | undefined
  }
}

const accounts = { passwd: 'app:x:7:8::/home/app:', group: 'media:x:9:app' }
const image = (run: RunConfig, more: Partial<ImageConfig> = {}): ImageConfig => ({
  diffIDs: [],
  ...more,
  run: { cmd: ['sh'], ...run },
})
const specOf = (config: ImageConfig, options: SpecOptions = {}) =>
  runtimeSpec(config, accounts, options) as Spec

describe('what a container runs', () => {
  it.each([
    ['the entrypoint with the command behind it', { entrypoint: ['e', '1'], cmd: ['c', '2'] }, [], 'e 1 c 2'],
    ['the command alone', { cmd: ['c'] }, [], 'c'],
    ['the entrypoint alone', { entrypoint: ['e'], cmd: [] }, [], 'e'],
    ['another command behind the entrypoint', { entrypoint: ['e'], cmd: ['c'] }, ['x', 'y'], 'e x y'],
    ['another command alone', { cmd: ['c'] }, ['x'], 'x'],
  ])('is %s', (_, run, command, args) => {
    expect(specOf(image(run), { command }).process.args.join(' ')).toBe(args)
  })

  it.each(['User', 'Env', 'Entrypoint', 'Cmd', 'WorkingDir', 'config'])(
    'L17 is not guessed where %s cannot be read',
    async (member) => {
      const odd = image({}, { oddities: [{ member, reason: `${member} is odd` }] })
      expect(await thrown(() => specOf(odd))).toMatchObject({
        code: 'MALFORMED',
        message: expect.stringContaining(`${member} is odd`),
      })
    },
  )

  it('L17 needs not to be read where it is not used', () => {
    const oddities = ['Labels', 'Cmd', 'os'].map((member) => ({ member, reason: `${member} is odd` }))
    expect(specOf(image({}, { oddities }), { command: ['x'] }).process.args).toEqual(['x'])
  })

  it('must be named by somebody', async () => {
    expect(await thrown(() => specOf(image({ cmd: [] })))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('--'),
    })
  })
})

describe('where and as whom it runs', () => {
  it('is the working directory as it is written; without one the root', () => {
    expect(specOf(image({ workingDir: '/srv/' })).process.cwd).toBe('/srv/')
    expect(specOf(image({})).process.cwd).toBe('/')
    expect(specOf(image({ workingDir: '' })).process.cwd).toBe('/')
    expect(specOf(image({ workingDir: 'srv/../x' })).process.cwd).toBe('/x')
  })

  it('is the image’s user, with the groups of the root filesystem', () => {
    const { process } = specOf(image({ user: 'app' }))
    expect(process.user).toEqual({ uid: 7, gid: 8, additionalGids: [9] })
  })

  it('is a user that the root filesystem has', async () => {
    expect(await thrown(() => specOf(image({ user: 'other' })))).toMatchObject({ code: 'MALFORMED' })
  })

  it('is a host called as the image says, else dist', () => {
    expect(specOf(image({ hostname: 'box' })).hostname).toBe('box')
    expect(specOf(image({ hostname: '' })).hostname).toBe('dist')
  })

  it('has a terminal only when one is asked for', () => {
    expect(specOf(image({})).process).toMatchObject({ terminal: false })
    const { process } = specOf(image({}), { terminal: true })
    expect(process).toMatchObject({ terminal: true, env: expect.arrayContaining(['TERM=xterm']) })
  })
})

describe('its environment', () => {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

  it('is the image’s, with PATH and the user’s HOME where it lacks them', () => {
    expect(specOf(image({ user: 'app', env: ['A=1', 'B='] })).process.env).toEqual([
      'A=1',
      'B=',
      path,
      'HOME=/home/app',
    ])
    expect(specOf(image({ user: '99' })).process.env).toEqual([path, 'HOME=/'])
  })

  it('keeps what the image has, also where it is set to nothing', () => {
    const env = ['PATH=', 'HOME=/x', 'TERM=dumb']
    expect(specOf(image({ env, user: 'app' }), { terminal: true }).process.env).toEqual(env)
  })
})

describe('its annotations', () => {
  it('say what the image says of itself', () => {
    const config = image(
      { stopSignal: 'SIGQUIT', exposedPorts: ['80/tcp', '53/udp'], labels: { 'org.example.a': 'b' } },
      {
        os: 'linux',
        architecture: 'arm',
        variant: 'v7',
        osVersion: '1.2',
        osFeatures: ['x', 'y'],
        author: 'me',
        created: '2020-01-01T00:00:00Z',
      },
    )
    expect(specOf(config).annotations).toEqual({
      'org.opencontainers.image.os': 'linux',
      'org.opencontainers.image.architecture': 'arm',
      'org.opencontainers.image.variant': 'v7',
      'org.opencontainers.image.os.version': '1.2',
      'org.opencontainers.image.os.features': 'x,y',
      'org.opencontainers.image.author': 'me',
      'org.opencontainers.image.created': '2020-01-01T00:00:00Z',
      'org.opencontainers.image.stopSignal': 'SIGQUIT',
      'org.opencontainers.image.exposedPorts': '80/tcp,53/udp',
      'org.example.a': 'b',
    })
  })

  it('are those of labels where both say something', () => {
    const name = 'org.opencontainers.image.author'
    const { annotations } = specOf(image({ labels: { [name]: 'label' } }, { author: 'config' }))
    expect(annotations).toEqual({ [name]: 'label' })
  })

  it('are none where nothing is said', () => {
    expect(specOf(image({})).annotations).toEqual({})
  })
})

describe('without root', () => {
  const spec = specOf(image({}), { rootless: { uid: 1000, gid: 100 } })

  it('the one user is mapped, in a user namespace, on the machine’s network', () => {
    expect(spec.linux.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }])
    const namespaces = spec.linux.namespaces.map(({ type }) => type)
    expect(namespaces).toContain('user')
    expect(namespaces).not.toContain('network')
  })

  it('nothing is mounted that only root may mount', () => {
    expect(spec.mounts.map(({ type }) => type)).not.toContain('cgroup')
    expect(spec.mounts.find(({ destination }) => destination === '/sys')).toMatchObject({ type: 'none' })
    expect(spec.mounts.flatMap(({ options = [] }) => options)).not.toContain('gid=5')
    expect(spec.linux.resources).toBeUndefined()
  })
})
