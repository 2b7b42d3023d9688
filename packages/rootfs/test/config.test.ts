import { digestOf } from '@dist/oci'
import { parseImageConfig } from '@dist/rootfs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { thrown } from './support/world.js'

const diffID = digestOf('layer')
const rootfs = { type: 'layers', diff_ids: [diffID] }
const parse = (document: unknown) =>
  parseImageConfig(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)))

describe('an image configuration', () => {
  it('says what the image is and how it wants to be run', () => {
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

  it('leaves undefined what is absent or, as Docker writes it, null', () => {
    const nothing = { diffIDs: [diffID], run: {} }
    expect(parse({ rootfs })).toEqual(nothing)
    expect(parse({ rootfs, config: null })).toEqual(nothing)
    expect(parse({ rootfs, os: null, config: { Env: null, Cmd: null, Labels: null } })).toEqual(nothing)
    expect(parse({ rootfs: { type: 'layers', diff_ids: null } })).toEqual({ diffIDs: [], run: {} })
  })

  it('keeps a label that is called as a part of every object', () => {
    const { run } = parse(`{"rootfs":${JSON.stringify(rootfs)},"config":{"Labels":{"__proto__":"x"}}}`)
    expect(Object.entries(run.labels ?? {})).toEqual([['__proto__', 'x']])
  })

  it.each([
    ['no JSON', 'x', /config is not JSON/],
    ['a list', [], /config is not a JSON object/],
    ['null', 'null', /config is not a JSON object/],
    ['no rootfs', {}, /rootfs is missing/],
    ['a rootfs that is a string', { rootfs: 'x' }, /rootfs is not an object/],
    ['a rootfs of another type', { rootfs: { type: 'base', diff_ids: [] } }, /rootfs: type is "base"/],
    ['a diffID that is none', { rootfs: { diff_ids: ['sha256:x'] } }, /diff_ids\[0\]/],
    ['a diffID that is a path', { rootfs: { diff_ids: ['sha256:../../x'] } }, /diff_ids\[0\]/],
    ['diff_ids that are no list', { rootfs: { diff_ids: {} } }, /diff_ids is not a list/],
    ['an os that is a number', { rootfs, os: 1 }, /os is not a string/],
    ['a config that is a list', { rootfs, config: [] }, /config is not an object/],
    ['Env that is text', { rootfs, config: { Env: 'A=b' } }, /Env is not a list/],
    ['an entry of Env that is a number', { rootfs, config: { Env: ['A=b', 1] } }, /Env\[1\] is not a string/],
    ['an Entrypoint that is text', { rootfs, config: { Entrypoint: '/x' } }, /Entrypoint is not a list/],
    ['a User that is a number', { rootfs, config: { User: 0 } }, /User is not a string/],
    ['a label that is an object', { rootfs, config: { Labels: { a: {} } } }, /Labels: a is not a string/],
    ['a WorkingDir with a NUL', { rootfs, config: { WorkingDir: '/a\0b' } }, /WorkingDir holds a NUL/],
    ['ports that are a list', { rootfs, config: { ExposedPorts: ['80'] } }, /ExposedPorts is not an object/],
  ])('MALFORMED, by name: %s', async (_, document, said) => {
    expect(await thrown(() => parse(document))).toMatchObject({
      code: 'MALFORMED',
      message: expect.stringMatching(said),
    })
  })

  it('a diffID of an algorithm that is not known: NOT_IMPLEMENTED', async () => {
    const document = { rootfs: { diff_ids: ['blake3:0123456789abcdef0123456789abcdef'] } }
    expect(await thrown(() => parse(document))).toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  it('whatever JSON it is, what is read has the types that it should, or it is MALFORMED', () => {
    const anything = fc.jsonValue()
    const members = ['User', 'Env', 'Entrypoint', 'Cmd', 'WorkingDir', 'Labels', 'StopSignal', 'ExposedPorts']
    const config = fc.dictionary(fc.constantFrom(...members), anything)
    fc.assert(
      fc.property(fc.oneof(config, anything), anything, (run, os) => {
        try {
          const { run: read, os: readOs } = parse({ rootfs, config: run, os })
          expect(['string', 'undefined']).toContain(typeof readOs)
          for (const list of [read.env, read.entrypoint, read.cmd, read.exposedPorts])
            for (const item of list ?? []) expect(item).toBeTypeOf('string')
          for (const value of Object.values(read.labels ?? {})) expect(value).toBeTypeOf('string')
        } catch (error) {
          expect(error).toMatchObject({ name: 'DistError', code: 'MALFORMED' })
        }
      }),
    )
  })
})
