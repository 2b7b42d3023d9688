import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image, Names } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { MemoryLocker } from '@dist/locks'
import { digestOf } from '@dist/oci'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FileOperations, nodeFiles } from '../src/files/operations.js'
import { LocalNames } from '../src/names/names.js'
import { StoreDirectory } from '../src/store-directory.js'
import { type Folder, folder } from './folder.js'

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

const mediaType = 'application/vnd.oci.image.manifest.v1+json'
const journal = () => join(root.path, 'names.journal')
const index = () => join(root.path, 'index.json')
const image = (name: string, content = name): Image => ({
  name,
  desc: { mediaType, digest: digestOf(content), size: 1 },
  selection: 'all',
})

/** A process with the names of the store, which can crash. It does not fold by itself within the time of a test. */
function opened(files: FileOperations = nodeFiles, locker = new MemoryLocker()): LocalNames {
  return new LocalNames(new StoreDirectory(root.path, files), locker)
}

async function listed(names: Names = opened()): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const { name, desc } of names.list()) found[name] = desc.digest
  return found
}

interface Entry {
  digest: string
  annotations: Record<string, string>
}

const entries = (): Entry[] => JSON.parse(readFileSync(index(), 'utf8')).manifests
const nameOf = (entry: Entry) => entry.annotations['org.opencontainers.image.ref.name'] ?? ''
const inIndex = () => Object.fromEntries(entries().map((entry) => [nameOf(entry), entry.digest]))

/** Another tool replaces the list of entries, in a layout of its own. */
function rewrite(change: (before: Entry[]) => Entry[]): void {
  writeFileSync(index(), JSON.stringify({ schemaVersion: 2, manifests: change(entries()) }, undefined, 2))
}

const foreign = (name: string, content: string): Entry => ({
  ...image(name, content).desc,
  annotations: { 'org.opencontainers.image.ref.name': name },
})

describe('S24 the journal of names', () => {
  beforeEach(async () => (await openLocalStore(root.path)).close())

  it('has what was published and is not in index.json, until the store is closed', async () => {
    const store = await openLocalStore(root.path)
    await store.names.put(image('a/b:1'))
    expect(inIndex()).toEqual({})
    expect(await listed()).toEqual({ 'a/b:1': digestOf('a/b:1') })
    await store.close()
    expect(inIndex()).toEqual({ 'a/b:1': digestOf('a/b:1') })
    expect(existsSync(journal())).toBe(false)
  })

  it('of a process that ended is folded by the next that may create the store, and by no reader', async () => {
    await opened().put(image('a/b:1'))
    await (await openLocalStore(root.path, { create: false })).close()
    expect(existsSync(journal())).toBe(true)
    await (await openLocalStore(root.path)).close()
    expect(inIndex()).toEqual({ 'a/b:1': digestOf('a/b:1') })
    expect(existsSync(journal())).toBe(false)
  })

  it.each([
    ['cut off', '{"version":1,"cha'],
    ['of zeros', '\0\0\0\0\n'],
    ['without all its parts', '{"version":1,"changes":[{}],"id":"x"}\n'],
  ])('with an incomplete last line, %s, has all earlier changes, and takes further ones', async (_, torn) => {
    await opened().put(image('a/b:1'))
    appendFileSync(journal(), torn)
    expect(Object.keys(await listed())).toEqual(['a/b:1'])
    await opened().put(image('a/b:2'))
    expect(Object.keys(await listed())).toEqual(['a/b:1', 'a/b:2'])
  })

  it('with a damaged line before the last is MALFORMED, and stays', async () => {
    await opened().put(image('a/b:1'))
    const text = `damaged\n${readFileSync(journal(), 'utf8')}`
    writeFileSync(journal(), text)
    await expect(opened().put(image('a/b:2'))).rejects.toMatchObject({ code: 'MALFORMED' })
    expect(readFileSync(journal(), 'utf8')).toBe(text)
  })

  it('of a newer version is NOT_IMPLEMENTED, and nothing is written', async () => {
    writeFileSync(journal(), '{"version":2,"what":"ever"}\n')
    const store = await openLocalStore(root.path)
    await expect(store.names.put(image('a/b:1'))).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    await expect(store.names.get('a/b:1')).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    await expect(store.close()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    expect(readFileSync(journal(), 'utf8')).toBe('{"version":2,"what":"ever"}\n')
    expect(inIndex()).toEqual({})
  })

  it('that was folded before a crash changes nothing again', async () => {
    const names = opened()
    await names.put(image('a/b:1', 'one'))
    await names.put(image('a/b:1', 'two'))
    await names.put(image('a/b:1', 'one'))
    await names.put(image('a/b:2'))
    await names.delete('a/b:2')
    const lines = readFileSync(journal())
    await names.close()
    writeFileSync(journal(), lines)
    expect(await listed()).toEqual({ 'a/b:1': digestOf('one') })
    await opened().put(image('a/b:3'))
    expect(await listed()).toEqual({ 'a/b:1': digestOf('one'), 'a/b:3': digestOf('a/b:3') })
  })

  it('leaves what another tool adds, changes and removes in index.json meanwhile', async () => {
    const before = opened()
    for (const name of ['kept', 'changed', 'removed']) await before.put(image(name))
    await before.close()
    const names = opened()
    await names.put(image('kept', 'next'))
    await names.put(image('changed', 'next'))
    rewrite((all) => [
      ...all.filter((entry) => nameOf(entry) === 'kept'),
      foreign('changed', 'theirs'),
      foreign('new', 'theirs'),
    ])
    const expected = { kept: digestOf('next'), changed: digestOf('theirs'), new: digestOf('theirs') }
    expect(await listed(names)).toEqual(expected)
    await names.close()
    expect(inIndex()).toEqual(expected)
  })

  it('is not read again from its start by a process that has read it', async () => {
    const [one, two] = [opened(), opened()]
    await one.put(image('a/b:1'))
    expect(Object.keys(await listed(two))).toEqual(['a/b:1'])
    // What was read is replaced by bytes of no meaning, except for its end.
    const { size } = statSync(journal())
    const text = readFileSync(journal(), 'utf8')
    writeFileSync(journal(), `${'x'.repeat(size - 64)}${text.slice(-64)}`)
    await one.put(image('a/b:2'))
    expect(Object.keys(await listed(two))).toEqual(['a/b:1', 'a/b:2'])
  })

  it('is not folded because names are read while a line is added', async () => {
    const renamed: string[] = []
    const names = opened({
      ...nodeFiles,
      fsync: async (fd) => {
        await names.get('a/b:0')
        await nodeFiles.fsync(fd)
      },
      rename: (from, to) => {
        renamed.push(to)
        return nodeFiles.rename(from, to)
      },
    })
    for (const i of [0, 1, 2]) await names.put(image(`a/b:${i}`))
    expect(renamed).toEqual([])
    expect(Object.keys(await listed(names))).toEqual(['a/b:0', 'a/b:1', 'a/b:2'])
    await names.close()
    expect(Object.keys(inIndex())).toEqual(['a/b:0', 'a/b:1', 'a/b:2'])
  })

  it('is folded when it is larger than half of the index', async () => {
    const names = opened()
    const many = Array.from({ length: 6_000 }, (_, i) => image(`a/b:${i}`))
    await Promise.all(many.map((one) => names.put(one)))
    await expect.poll(() => existsSync(journal())).toBe(false)
    expect(entries()).toHaveLength(6_000)
  })

  it('makes one name cost the same bytes for few names and for many', async () => {
    const written: number[] = []
    for (const count of [10, 1_000]) {
      const names = opened()
      await Promise.all(Array.from({ length: count }, (_, i) => names.put(image(`a/b:${i}`))))
      await names.close()
      let size = 0
      const counting: FileOperations = {
        ...nodeFiles,
        writev: async (fd, chunks, position) => {
          const length = await nodeFiles.writev(fd, chunks, position)
          size += length
          return length
        },
      }
      await opened(counting).put(image('next:tag'))
      written.push(size)
      rmSync(journal())
    }
    expect(written[0]).toBe(written[1])
  })
})

class Crash extends Error {}

/** The real operations up to a call, which is made half; every later call fails, as those of a dead process. */
function crashingAt(call: number): FileOperations {
  let count = 0
  const wrap =
    (key: keyof FileOperations) =>
    async (...parameters: unknown[]) => {
      if (++count < call)
        return await (nodeFiles[key] as (...p: unknown[]) => Promise<unknown>)(...parameters)
      if (count === call && key === 'writev') {
        const [fd, chunks, position] = parameters as [number, Uint8Array[], number]
        const first = chunks[0] ?? new Uint8Array()
        await nodeFiles.writev(fd, [first.subarray(0, first.length / 2)], position)
      }
      throw new Crash()
    }
  const keys = Object.keys(nodeFiles) as (keyof FileOperations)[]
  return Object.fromEntries(keys.map((key) => [key, wrap(key)])) as unknown as FileOperations
}

type Step =
  | { do: 'put' | 'crashing put'; by: number; name: string; content: string; at: number }
  | { do: 'delete'; by: number; name: string }
  | { do: 'fold'; by: number }
  | { do: 'crashing fold'; at: number }
  | { do: 'foreign'; name: string }

const name = fc.constantFrom('a:1', 'a:2', 'a:3')
const by = fc.integer({ min: 0, max: 1 })
const at = fc.integer({ min: 1, max: 12 })
const content = fc.constantFrom('x', 'y', 'z')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('put' as const, 'crashing put' as const), by, name, content, at }),
  fc.record({ do: fc.constant('delete' as const), by, name }),
  fc.record({ do: fc.constant('fold' as const), by }),
  fc.record({ do: fc.constant('crashing fold' as const), at }),
  fc.record({ do: fc.constant('foreign' as const), name }),
)

it('S24 names equal a model through any order of changes, folds, crashes and rewrites of other tools', async () => {
  let fresh = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      root.remove()
      root = folder()
      await (await openLocalStore(root.path)).close()
      const locker = new MemoryLocker()
      const processes = [opened(nodeFiles, locker), opened(nodeFiles, locker)]
      let model: Record<string, string> = {}
      for (const one of steps) {
        const process = processes['by' in one ? one.by : 0] ?? opened()
        if (one.do === 'put') {
          await process.put(image(one.name, one.content))
          model[one.name] = digestOf(one.content)
        } else if (one.do === 'crashing put') {
          const next = { ...model, [one.name]: digestOf(one.content) }
          const wasPut = await opened(crashingAt(one.at))
            .put(image(one.name, one.content))
            .then(
              () => true,
              () => false,
            )
          const now = await listed()
          expect(wasPut ? [next] : [model, next]).toContainEqual(now)
          model = now
        } else if (one.do === 'delete') {
          await process.delete(one.name).catch(() => expect(model).not.toHaveProperty([one.name]))
          delete model[one.name]
        } else if (one.do === 'fold') await process.close()
        else if (one.do === 'crashing fold') {
          const dying = opened(crashingAt(one.at))
          dying.repair()
          await dying.close().catch(() => {})
        } else {
          const theirs = `theirs ${fresh++}`
          rewrite((all) => [...all.filter((entry) => nameOf(entry) !== one.name), foreign(one.name, theirs)])
          model[one.name] = digestOf(theirs)
        }
        for (const names of [...processes, opened()]) expect(await listed(names)).toEqual(model)
      }
      const last = opened()
      last.repair()
      await last.close()
      expect(inIndex()).toEqual(model)
    }),
    { numRuns: 300 },
  )
}, 60_000)
