import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf } from '@dist/oci'
import { type Snapshot, Snapshots } from '@dist/rootfs'
import { readTree } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { draftName, isAbandoned } from '../src/snapshots/draft.js'
import { rejection, useWorld } from './support/world.js'

const world = useWorld()
const [a, b] = [digestOf('a'), digestOf('b')]
const record = (chainID: Digest, parent?: Digest) => ({
  chainID,
  parent,
  diffID: digestOf('diff'),
  layer: digestOf('layer'),
  size: 4096,
  entries: 3,
  createdAt: new Date('2026-01-02T03:04:05Z'),
})
const file = (directory: string) => join(directory, 'file')

/** A snapshot with one file. */
async function make(chainID: Digest, content = 'content', parent?: Snapshot): Promise<Snapshot> {
  await using draft = await world().snapshots.draft(parent)
  writeFileSync(file(draft.path), content)
  await draft.publish(record(chainID, parent?.chainID))
  return (await world().snapshots.find(chainID)) ?? expect.unreachable('no such snapshot')
}
const drafts = () => readdirSync(join(world().snapshots.root, 'drafts'))
const place = (...parts: string[]) => join(world().snapshots.root, ...parts)

describe('a snapshot', () => {
  it('is found once it is published, with its record', async () => {
    const { snapshots } = world()
    await using draft = await snapshots.draft(undefined)
    writeFileSync(file(draft.path), 'content')
    expect(await snapshots.find(a)).toBeUndefined()
    expect(await snapshots.list()).toEqual([])
    expect(await draft.publish(record(a))).toBe(true)
    const path = place('sha256', a.slice(7), 'fs')
    expect(await snapshots.find(a)).toEqual({ ...record(a), path })
    expect(readFileSync(file(path), 'utf8')).toBe('content')
    expect(drafts()).toEqual([])
  })

  it('starts as an empty root with mode 755', async () => {
    const { path } = await make(a)
    expect(statSync(path).mode & 0o7777).toBe(0o755)
  })

  it('is accessible only for its owner, since it may contain setuid programs', async () => {
    await make(a)
    for (const folder of ['', 'sha256', 'drafts', join('sha256', a.slice(7))])
      expect(statSync(place(folder)).mode & 0o777).toBe(0o700)
  })

  it('starts as an exact copy of its parent, which stays unchanged', async () => {
    await using draft = await world().snapshots.draft(undefined)
    mkdirSync(join(draft.path, 'folder'))
    chmodSync(join(draft.path, 'folder'), 0o2711)
    writeFileSync(file(draft.path), 'content')
    linkSync(file(draft.path), join(draft.path, 'folder', 'same'))
    symlinkSync('/nowhere', join(draft.path, 'link'))
    chmodSync(file(draft.path), 0o4755)
    for (const name of ['file', 'folder', '.']) utimesSync(join(draft.path, name), 1, 1_000_000.5)
    await draft.publish(record(a))
    const parent = (await world().snapshots.find(a)) ?? expect.unreachable()
    const before = readTree(parent.path)
    await using child = await world().snapshots.draft(parent)
    expect(readTree(child.path)).toEqual(before)
    writeFileSync(file(child.path), 'other')
    expect(readTree(parent.path)).toEqual(before)
  })

  it('of two that are made at the same time the first is kept, and the draft of the other equals it', async () => {
    const { snapshots } = world()
    await using first = await snapshots.draft(undefined)
    await using second = await snapshots.draft(undefined)
    writeFileSync(file(first.path), 'first')
    writeFileSync(file(second.path), 'second')
    expect(await first.publish(record(a))).toBe(true)
    expect(await second.publish(record(a))).toBe(false)
    expect(readFileSync(file(second.path), 'utf8')).toBe('second')
    expect(readFileSync(file((await snapshots.find(a))?.path ?? ''), 'utf8')).toBe('first')
    await second[Symbol.asyncDispose]()
    expect(drafts()).toEqual([])
  })

  it('is removed, and those made from it stay', async () => {
    const { snapshots } = world()
    const child = await make(b, 'child', await make(a))
    await snapshots.remove(a)
    expect(await snapshots.find(a)).toBeUndefined()
    expect(await rejection(snapshots.remove(a))).toMatchObject({ code: 'NOT_FOUND' })
    expect((await snapshots.list()).map(({ chainID }) => chainID)).toEqual([b])
    expect(readFileSync(file(child.path), 'utf8')).toBe('child')
    expect(drafts()).toEqual([])
  })

  it('that is removed before it is copied is UNAVAILABLE, and leaves no draft', async () => {
    const parent = await make(a)
    await world().snapshots.remove(a)
    expect(await rejection(world().snapshots.draft(parent))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(drafts()).toEqual([])
  })

  it('is not copied when the signal is aborted', async () => {
    const parent = await make(a)
    const draft = world().snapshots.draft(parent, AbortSignal.abort())
    expect(await rejection(draft)).toMatchObject({ code: 'CANCELED' })
    expect(drafts()).toEqual([])
  })
})

describe('a listing', () => {
  it('has all snapshots, the oldest first; it is empty without a directory', async () => {
    expect(await world().snapshots.list()).toEqual([])
    await using late = await world().snapshots.draft(undefined)
    await late.publish({ ...record(a), createdAt: new Date('2026-05-05T00:00:00Z') })
    await make(b)
    expect((await world().snapshots.list()).map(({ chainID }) => chainID)).toEqual([b, a])
  })

  it.each([
    ['no JSON', '{'],
    ['no object', 'null'],
    ['without a digest', '{"entries":1}'],
    ['with an invalid digest', JSON.stringify({ ...record(digestOf('b')), chainID: 'x' })],
    ['with an invalid time', JSON.stringify({ ...record(digestOf('b')), createdAt: 'x' })],
  ])('reports a damaged record, and has the others: %s', async (_, text) => {
    await make(a)
    await make(b)
    const directory = place('sha256', b.slice(7))
    writeFileSync(join(directory, 'snapshot.json'), text)
    const damaged: string[] = []
    const all = await world().snapshots.list(({ path, error }) => damaged.push(path, error.code))
    expect(all.map(({ chainID }) => chainID)).toEqual([a])
    expect(damaged).toEqual([directory, 'MALFORMED'])
    expect(await rejection(world().snapshots.find(b))).toMatchObject({ code: 'MALFORMED' })
    await world().snapshots.remove(b)
    expect(existsSync(directory)).toBe(false)
  })
})

describe('a prefix of a chain ID', () => {
  it('is resolved', async () => {
    await make(a)
    await make(b)
    for (const text of [a, a.slice(7), a.slice(0, 15), a.slice(7, 11)])
      expect(await world().snapshots.resolve(text)).toBe(a)
  })

  it('is refused when it is invalid, too short, ambiguous or not found', async () => {
    await make(a)
    const other = `${a.slice(0, 20)}${'0'.repeat(51)}` as Digest
    await make(other)
    const { snapshots } = world()
    for (const text of ['', 'abc', '../..', 'sha256:', 'xyzw', `${a}0`.padEnd(140, '0')])
      expect(await rejection(snapshots.resolve(text))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await rejection(snapshots.resolve(a.slice(7, 15)))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('could be 2 snapshots'),
    })
    expect(await rejection(snapshots.resolve(b))).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a directory', () => {
  it('with other files is refused, and stays unchanged', async () => {
    mkdirSync(world().path('other'))
    writeFileSync(world().path('other', 'mine'), '')
    const error = await rejection(new Snapshots(world().path('other')).draft(undefined))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('mine') })
    expect(readdirSync(world().path('other'))).toEqual(['mine'])
  })

  it('that cannot be made is an error, without delay', async () => {
    writeFileSync(world().path('file'), '')
    expect(await rejection(new Snapshots(world().path('file', 'x')).draft(undefined))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await rejection(new Snapshots('/proc/self/x/y').draft(undefined))).toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('a draft of a dead process', () => {
  const unborn = () => draftName().replace(/-\d+-\d+-/, `-${process.pid}-1-`)

  it('is detected by its name: abandoned if its maker is dead', async () => {
    const child = spawn('sleep', ['60'])
    const start = /^\d+ \(.*\) (.*)$/s.exec(readFileSync(`/proc/${child.pid}/stat`, 'latin1'))?.[1]
    const name = draftName().replace(/-\d+-\d+-/, `-${child.pid}-${start?.split(' ')[19]}-`)
    expect(isAbandoned(draftName(), 0)).toBe(false)
    expect(isAbandoned(name, 0)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isAbandoned(name, Date.now())).toBe(true)
    expect(isAbandoned(unborn(), Date.now())).toBe(true)
  })

  it('is kept for a week when another machine made it', () => {
    const day = 24 * 60 * 60 * 1000
    const name = draftName().replace(/^[0-9a-f]{12}/, 'abcdefabcdef')
    expect(isAbandoned(name, Date.now() - day)).toBe(false)
    expect(isAbandoned(name, Date.now() - 8 * day)).toBe(true)
  })

  it('is removed, whatever its modes; other files stay', async () => {
    await make(a)
    const [dead, living, other] = [
      place('drafts', unborn()),
      place('drafts', draftName()),
      place('drafts', 'x'),
    ]
    for (const path of [dead, living, other]) mkdirSync(join(path, 'fs', 'closed'), { recursive: true })
    writeFileSync(join(dead, 'fs', 'closed', 'file'), '')
    chmodSync(join(dead, 'fs', 'closed'), 0)
    await world().snapshots.sweep()
    expect([dead, living, other].map((path) => existsSync(path))).toEqual([false, true, true])
    rmSync(living, { recursive: true })
  })
})
