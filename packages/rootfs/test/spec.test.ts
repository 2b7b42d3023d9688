import type { ImageConfig, RunConfig, SpecOptions } from '@dist/rootfs'
import { describe, expect, it } from 'vitest'
import { runtimeSpec } from '../src/runtime/spec.js'
import { errorOf } from './support/world.js'

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
    ['the entrypoint with the command after it', { entrypoint: ['e', '1'], cmd: ['c', '2'] }, [], 'e 1 c 2'],
    ['the command alone', { cmd: ['c'] }, [], 'c'],
    ['the entrypoint alone', { entrypoint: ['e'], cmd: [] }, [], 'e'],
    ['another command after the entrypoint', { entrypoint: ['e'], cmd: ['c'] }, ['x', 'y'], 'e x y'],
    ['another command alone', { cmd: ['c'] }, ['x'], 'x'],
  ])('is %s', (_, run, command, args) => {
    expect(specOf(image(run), { command }).process.args.join(' ')).toBe(args)
  })

  it.each(['User', 'Env', 'Entrypoint', 'Cmd', 'WorkingDir', 'config'])(
    'L17 is an error where %s is unreadable',
    async (member) => {
      const odd = image({}, { oddities: [{ member, reason: `${member} is odd` }] })
      expect(await errorOf(() => specOf(odd))).toMatchObject({
        code: 'MALFORMED',
        message: expect.stringContaining(`${member} is odd`),
      })
    },
  )

  it('L17 may be unreadable where it is not used', () => {
    const oddities = ['Labels', 'Cmd', 'os'].map((member) => ({ member, reason: `${member} is odd` }))
    expect(specOf(image({}, { oddities }), { command: ['x'] }).process.args).toEqual(['x'])
  })

  it('must be named by the image or the caller', async () => {
    expect(await errorOf(() => specOf(image({ cmd: [] })))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('--'),
    })
  })
})

describe('its user and working directory', () => {
  it('the working directory is that of the image, else the root', () => {
    expect(specOf(image({ workingDir: '/srv/' })).process.cwd).toBe('/srv/')
    expect(specOf(image({})).process.cwd).toBe('/')
    expect(specOf(image({ workingDir: '' })).process.cwd).toBe('/')
    expect(specOf(image({ workingDir: 'srv/../x' })).process.cwd).toBe('/x')
  })

  it('the user is that of the image, with the groups of the root filesystem', () => {
    const { process } = specOf(image({ user: 'app' }))
    expect(process.user).toEqual({ uid: 7, gid: 8, additionalGids: [9] })
  })

  it('the user must exist in the root filesystem', async () => {
    expect(await errorOf(() => specOf(image({ user: 'other' })))).toMatchObject({ code: 'MALFORMED' })
  })

  it('the host name is that of the image, else dist', () => {
    expect(specOf(image({ hostname: 'box' })).hostname).toBe('box')
    expect(specOf(image({ hostname: '' })).hostname).toBe('dist')
  })

  it('a terminal exists only on request', () => {
    expect(specOf(image({})).process).toMatchObject({ terminal: false })
    const { process } = specOf(image({}), { terminal: true })
    expect(process).toMatchObject({ terminal: true, env: expect.arrayContaining(['TERM=xterm']) })
  })
})

describe('its environment', () => {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

  it('is that of the image, with PATH and the HOME of the user where it lacks them', () => {
    expect(specOf(image({ user: 'app', env: ['A=1', 'B='] })).process.env).toEqual([
      'A=1',
      'B=',
      path,
      'HOME=/home/app',
    ])
    expect(specOf(image({ user: '99' })).process.env).toEqual([path, 'HOME=/'])
  })

  it('keeps variables of the image, also empty ones', () => {
    const env = ['PATH=', 'HOME=/x', 'TERM=dumb']
    expect(specOf(image({ env, user: 'app' }), { terminal: true }).process.env).toEqual(env)
  })
})

describe('its annotations', () => {
  it('contain the properties of the image', () => {
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

  it('prefer labels to properties', () => {
    const name = 'org.opencontainers.image.author'
    const { annotations } = specOf(image({ labels: { [name]: 'label' } }, { author: 'config' }))
    expect(annotations).toEqual({ [name]: 'label' })
  })

  it('are empty where there are no properties', () => {
    expect(specOf(image({})).annotations).toEqual({})
  })
})

describe('without root', () => {
  const spec = specOf(image({}), { rootless: { uid: 1000, gid: 100 } })

  it('maps one user in a user namespace, and uses the network of the machine', () => {
    expect(spec.linux.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }])
    const namespaces = spec.linux.namespaces.map(({ type }) => type)
    expect(namespaces).toContain('user')
    expect(namespaces).not.toContain('network')
  })

  it('has no mounts that only root may make', () => {
    expect(spec.mounts.map(({ type }) => type)).not.toContain('cgroup')
    expect(spec.mounts.find(({ destination }) => destination === '/sys')).toMatchObject({ type: 'none' })
    expect(spec.mounts.flatMap(({ options = [] }) => options)).not.toContain('gid=5')
    expect(spec.linux.resources).toBeUndefined()
  })
})
