import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { readInside } from '../src/runtime/inside.js'
import { rejection, useWorld } from './support/world.js'

const world = useWorld()
const root = () => world().path('root')
const put = (path: string, content: string) => {
  mkdirSync(dirname(world().path(path)), { recursive: true })
  writeFileSync(world().path(path), content)
}
const link = (target: string, path: string) => symlinkSync(target, world().path('root', path))
const read = () => readInside(root(), 'etc/passwd')

beforeEach(() => {
  put('secret', 'secret')
  mkdirSync(world().path('root', 'etc'), { recursive: true })
})

describe('a file of a root filesystem', () => {
  it('is read', async () => {
    put('root/etc/passwd', 'inside')
    expect(await read()).toBe('inside')
  })

  it.each([
    ['relative', '../usr/accounts'],
    ['absolute', '/usr/accounts'],
    ['above the root', '../../../../usr/accounts'],
    ['with dots and slashes', '/./usr//x/../accounts'],
  ])('is read through a link within the root: %s', async (_, target) => {
    put('root/usr/accounts', 'inside')
    mkdirSync(world().path('root/usr/x'))
    link(target, 'etc/passwd')
    expect(await read()).toBe('inside')
  })

  it.each([
    ['relative', '../../secret'],
    ['absolute', () => world().path('secret')],
    ['through the process', '/proc/self/root/etc/passwd'],
  ])('is never read outside the root through a link: %s', async (_, target) => {
    link(typeof target === 'string' ? target : target(), 'etc/passwd')
    expect(await read()).toBeUndefined()
  })

  it('is not read outside the root through a linked directory', async () => {
    put('passwd', 'secret')
    execFileSync('rmdir', [world().path('root/etc')])
    link('..', 'etc')
    expect(await read()).toBeUndefined()
  })

  it('is undefined for a cycle of links, a directory, a fifo, and a missing file', async () => {
    expect(await read()).toBeUndefined()
    mkdirSync(world().path('root/etc/passwd'))
    expect(await read()).toBeUndefined()
    link('group', 'etc/shadow')
    link('shadow', 'etc/group')
    expect(await readInside(root(), 'etc/group')).toBeUndefined()
    execFileSync('mkfifo', [world().path('root/etc/fifo')])
    expect(await readInside(root(), 'etc/fifo')).toBeUndefined()
    expect(await readInside(root(), 'etc/fifo/below')).toBeUndefined()
  })

  it('is RESOURCE_EXHAUSTED when it is too large', async () => {
    put('root/etc/passwd', '')
    truncateSync(world().path('root/etc/passwd'), 2 ** 40)
    expect(await rejection(read())).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  })
})
