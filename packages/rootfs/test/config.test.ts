import { digestOf } from '@dist/oci'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseImageConfig } from '../src/config.js'
import { errorOf } from './support/world.js'

const diffID = digestOf('layer')
const rootfs = { type: 'layers', diff_ids: [diffID] }
const parse = (document: unknown) =>
  parseImageConfig(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)))

const run = (config: object) => ({ rootfs, config })

describe('an image configuration', () => {
  it('has the properties of the image and how to run it', () => {
    const config = {
      User: 'web:www',
      Env: ['PATH=/bin', 'EMPTY='],
      Entrypoint: ['/entry'],
      Cmd: ['serve'],
      WorkingDir: '/srv',
      Labels: { a: 'b' },
      StopSignal: 'SIGQUIT',
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    }
    const document = {
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      'os.version': '1',
      'os.features': ['x'],
      author: 'somebody',
      created: '2020-01-01T00:00:00Z',
      rootfs,
      config,
    }
    expect(parse(document)).toEqual({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      osVersion: '1',
      osFeatures: ['x'],
      author: 'somebody',
      created: '2020-01-01T00:00:00Z',
      diffIDs: [diffID],
      run: {
        user: 'web:www',
        env: ['PATH=/bin', 'EMPTY='],
        entrypoint: ['/entry'],
        cmd: ['serve'],
        workingDir: '/srv',
        labels: { a: 'b' },
        stopSignal: 'SIGQUIT',
        exposedPorts: ['80/tcp', '53/udp'],
      },
    })
  })

  it('treats null members, which Docker writes, as missing', () => {
    const nothing = { diffIDs: [diffID], run: {} }
    expect(parse({ rootfs })).toEqual(nothing)
    expect(parse({ rootfs, config: null })).toEqual(nothing)
    expect(parse({ rootfs, os: null, config: { Env: null, Cmd: null, Labels: null } })).toEqual(nothing)
    expect(parse({ rootfs: { type: 'layers', diff_ids: null } })).toEqual({ diffIDs: [], run: {} })
  })

  it('keeps a label named as a property of Object.prototype', () => {
    const { run } = parse(`{"rootfs":${JSON.stringify(rootfs)},"config":{"Labels":{"__proto__":"x"}}}`)
    expect(Object.entries(run.labels ?? {})).toEqual([['__proto__', 'x']])
  })

  it.each([
    ['invalid JSON', 'x', /config: not JSON/],
    ['a list', [], /config is not a JSON object/],
    ['null', 'null', /config is not a JSON object/],
    ['no rootfs', {}, /rootfs is missing/],
    ['a rootfs that is a string', { rootfs: 'x' }, /rootfs is not an object/],
    ['a rootfs of another type', { rootfs: { type: 'base', diff_ids: [] } }, /rootfs: type is "base"/],
    ['an invalid diffID', { rootfs: { diff_ids: ['sha256:x'] } }, /diff_ids\[0\]/],
    ['a diffID that is a path', { rootfs: { diff_ids: ['sha256:../../x'] } }, /diff_ids\[0\]/],
    ['diff_ids that are not a list', { rootfs: { diff_ids: {} } }, /diff_ids is not a list/],
  ])('MALFORMED, naming the member: %s', async (_, document, expected) => {
    expect(await errorOf(() => parse(document))).toMatchObject({
      code: 'MALFORMED',
      message: expect.stringMatching(expected),
    })
  })

  it.each([
    ['an os that is a number', { rootfs, os: 1 }, 'os', 'config: os is not a string'],
    ['a config that is a list', { rootfs, config: [] }, 'config', 'config: config is not an object'],
    ['an entry of Env that is a number', run({ Env: ['A=b', 1] }), 'Env', 'Env[1] is not a string'],
    ['Env that is a number', run({ Env: 7 }), 'Env', 'Env is not a list'],
    ['an Entrypoint that is an object', run({ Entrypoint: {} }), 'Entrypoint', 'is not a list'],
    ['a User that is a number', run({ User: 0 }), 'User', 'User is not a string'],
    ['a label that is an object', run({ Labels: { a: {} } }), 'Labels', 'Labels: a is not a string'],
    ['labels that are text', run({ Labels: 'a=b' }), 'Labels', 'Labels is not an object'],
    ['a WorkingDir with a NUL', run({ WorkingDir: '/a\0b' }), 'WorkingDir', 'WorkingDir contains a NUL'],
    ['ports that are a list', run({ ExposedPorts: ['80'] }), 'ExposedPorts', 'is not an object'],
  ])('L17 is accepted, with an oddity: %s', (_, document, member, expected) => {
    const { oddities = [], diffIDs } = parse(document)
    expect(oddities).toEqual([{ member, reason: expect.stringContaining(expected) }])
    expect(diffIDs).toEqual([diffID])
  })

  it('L17 reads a string as a list of one, as docker does', () => {
    const config = { Entrypoint: '/bin/sh -c x', Cmd: 'serve', Env: 'A=b c' }
    expect(parse({ rootfs, config })).toEqual({
      diffIDs: [diffID],
      run: { entrypoint: ['/bin/sh -c x'], cmd: ['serve'], env: ['A=b c'] },
    })
  })

  it('L17 ignores null in lists and labels', () => {
    const config = { Env: [null, 'A=b'], Labels: { a: null, b: 'c' }, Entrypoint: null }
    expect(parse({ rootfs, config })).toEqual({
      diffIDs: [diffID],
      run: { env: ['A=b'], labels: { a: '', b: 'c' } },
    })
  })

  it('L17 keeps the labels beside an unreadable one', () => {
    expect(parse(run({ Labels: { a: 1, b: 'c' } })).run.labels).toEqual({ b: 'c' })
  })

  it('a diffID of an unknown algorithm: NOT_IMPLEMENTED', async () => {
    const document = { rootfs: { diff_ids: ['blake3:0123456789abcdef0123456789abcdef'] } }
    expect(await errorOf(() => parse(document))).toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  it('L17 has members of the right types for any JSON', () => {
    const anything = fc.jsonValue()
    const members = ['User', 'Env', 'Entrypoint', 'Cmd', 'WorkingDir', 'Labels', 'StopSignal', 'ExposedPorts']
    const config = fc.dictionary(fc.constantFrom(...members), anything)
    fc.assert(
      fc.property(fc.oneof(config, anything), anything, (run, os) => {
        const { run: read, os: readOs } = parse({ rootfs, config: run, os })
        expect(['string', 'undefined']).toContain(typeof readOs)
        for (const list of [read.env, read.entrypoint, read.cmd, read.exposedPorts])
          for (const item of list ?? []) expect(item).toBeTypeOf('string')
        for (const value of Object.values(read.labels ?? {})) expect(value).toBeTypeOf('string')
      }),
    )
  })
})
