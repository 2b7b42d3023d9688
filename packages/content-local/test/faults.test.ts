import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '@dist/content'
import { type FileOperations, type LocalStore, openLocalStore } from '@dist/content-local'
import { type Code, DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeFiles } from '../src/files/operations.js'
import { anchorHash } from '../src/locker/anchor.js'
import { type Folder, folder } from './folder.js'

const small = 1000
const big = 5 * 1024 * 1024

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

/** Without the anchor of claims, which an open store keeps. */
const filesIn = (directory: string) =>
  readdirSync(join(root.path, directory)).filter((file) => !file.startsWith(anchorHash))

/** The real operations; one of them fails while `state.broken` is true. */
function failing(call: keyof FileOperations, errno: string) {
  const state = { broken: true, calls: 0 }
  const step = nodeFiles[call] as (...parameters: unknown[]) => Promise<unknown>
  const faulty = async (...parameters: unknown[]) => {
    state.calls++
    if (!state.broken) return step(...parameters)
    // A close that fails still closes the file.
    if (call === 'close') await step(...parameters)
    throw Object.assign(new Error(`${errno}: injected`), { code: errno })
  }
  return { state, files: { ...nodeFiles, [call]: faulty } as FileOperations }
}

const imageNamed = (name: string): Image => ({
  name,
  desc: { mediaType: 'application/vnd.oci.image.index.v1+json', digest: digestOf(name), size: 1 },
  selection: 'all',
})

async function publish(name: string): Promise<void> {
  await using store = await openLocalStore(root.path)
  await store.names.put(imageNamed(name))
}

async function published(): Promise<string[]> {
  await using store = await openLocalStore(root.path, { create: false })
  const found: string[] = []
  for await (const { name } of store.names.list()) found.push(name)
  return found
}

async function write(files: FileOperations, content: Uint8Array): Promise<void> {
  await using store = await openLocalStore(root.path, { files })
  await using writer = await store.content.writer('ref', { digest: digestOf(content), size: content.length })
  for (let at = 0; at < content.length; at += 65_536) await writer.write(content.subarray(at, at + 65_536))
  await writer.commit()
}

describe('S14 a failing disk', () => {
  const errors: [string, Code][] = [
    ['ENOSPC', 'RESOURCE_EXHAUSTED'],
    ['EDQUOT', 'RESOURCE_EXHAUSTED'],
    ['EIO', 'INTERNAL'],
    ['EROFS', 'PERMISSION_DENIED'],
  ]
  const calls = ['open', 'writev', 'fsync', 'close', 'rename'] as const
  const cases = calls.flatMap((call) =>
    errors.flatMap(([errno, code]) => [small, big].map((size) => [errno, call, size, code] as const)),
  )

  it.each(cases)(
    '%s at %s of %i bytes: no temporary file, no final file, ref free',
    async (errno, call, size, code) => {
      await (await openLocalStore(root.path)).close()
      const content = seededBuffer('refused', size)
      const { files, state } = failing(call, errno)
      const error = await write(files, content).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(DistError)
      expect(error).toMatchObject({ code, message: expect.stringContaining(root.path) })
      expect(filesIn('blobs/sha256')).toEqual([])
      expect(filesIn('ingest')).toEqual([])
      expect(filesIn('locks')).toEqual([])

      state.broken = false
      await write(files, content)
      expect(filesIn('blobs/sha256')).toHaveLength(1)
    },
  )

  it('every later call on the write fails, and closing it does not', async () => {
    await (await openLocalStore(root.path)).close()
    const { files } = failing('writev', 'ENOSPC')
    const store = await openLocalStore(root.path, { files })
    const writer = await store.content.writer('ref', { digest: digestOf('x') })
    const chunk = new Uint8Array(6 * 1024 * 1024)
    await expect(writer.write(chunk)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    for (const call of [() => writer.write(chunk), () => writer.restart(), () => writer.commit()])
      await expect(call()).rejects.toBeInstanceOf(DistError)
    await writer[Symbol.asyncDispose]()
    expect(filesIn('ingest')).toEqual([])
  })

  it.each(['open', 'writev', 'fsync', 'close'] as const)(
    'a name that cannot be added, at %s, is not published, and the next one is',
    async (call) => {
      await publish('a/b:1')
      const before = readFileSync(join(root.path, 'index.json'), 'utf8')
      const { files, state } = failing(call, 'ENOSPC')
      const store = await openLocalStore(root.path, { files })
      await expect(store.names.put(imageNamed('a/b:2'))).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
      expect(await published()).toEqual(['a/b:1'])
      expect(filesIn('locks')).toEqual([])
      state.broken = false
      await store.close()
      expect(readFileSync(join(root.path, 'index.json'), 'utf8')).toBe(before)
      await publish('a/b:3')
      expect(await published()).toEqual(['a/b:1', 'a/b:3'])
    },
  )

  it.each(['writev', 'fsync', 'rename'] as const)(
    'an index.json that cannot be written, at %s, loses no name, and the next close writes it',
    async (call) => {
      await publish('a/b:1')
      const before = readFileSync(join(root.path, 'index.json'), 'utf8')
      const { files, state } = failing(call, 'ENOSPC')
      state.broken = false
      const store = await openLocalStore(root.path, { files })
      await store.names.put(imageNamed('a/b:2'))
      state.broken = true
      await expect(store.close()).rejects.toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        message: expect.stringContaining('index.json'),
      })
      expect(readFileSync(join(root.path, 'index.json'), 'utf8')).toBe(before)
      expect(filesIn('ingest')).toEqual([])
      expect(filesIn('locks')).toEqual([])
      expect(await published()).toEqual(['a/b:1', 'a/b:2'])
      state.broken = false
      await store.close()
      expect(JSON.parse(readFileSync(join(root.path, 'index.json'), 'utf8')).manifests).toHaveLength(2)
      expect(existsSync(join(root.path, 'names.journal'))).toBe(false)
    },
  )
})

describe('S15 the order of a commit', () => {
  const recorded = (log: string[]): FileOperations => {
    const names = new Map<number, string>()
    const record = (text: string) => log.push(text)
    return {
      ...nodeFiles,
      open: async (path, flags) => {
        const fd = await nodeFiles.open(path, flags)
        names.set(fd, path.endsWith('sha256') ? 'directory' : 'data')
        return fd
      },
      writev: async (fd, chunks, position) => {
        const written = await nodeFiles.writev(fd, chunks, position)
        if (log.at(-1) !== 'write') record('write')
        return written
      },
      fsync: async (fd) => {
        await nodeFiles.fsync(fd)
        record(`fsync ${names.get(fd)}`)
      },
      rename: async (from, to) => {
        await nodeFiles.rename(from, to)
        record('rename')
      },
    }
  }

  it.each([small, big])(
    'of %i bytes: write, fsync, rename; fsync of the directory at close',
    async (size) => {
      await (await openLocalStore(root.path)).close()
      const log: string[] = []
      await write(recorded(log), seededBuffer('order', size))
      expect(log).toEqual(['write', 'fsync data', 'rename', 'fsync directory'])
    },
  )

  const commit = async (store: LocalStore, i: number) => {
    const content = seededBuffer(`shared ${i}`, 100)
    await using writer = await store.content.writer(`ref ${i}`, { digest: digestOf(content) })
    await writer.write(content)
    await writer.commit()
  }

  it('many commits share the fsync of the directory, which comes before the name', async () => {
    await publish('a/b:0')
    const log: string[] = []
    await using store = await openLocalStore(root.path, { files: recorded(log) })
    await Promise.all(Array.from({ length: 24 }, (_, i) => commit(store, i)))
    expect(log.filter((step) => step === 'rename')).toHaveLength(24)
    expect(log).not.toContain('fsync directory')
    log.length = 0
    await store.names.put(imageNamed('a/b:1'))
    expect(log.slice(0, 3)).toEqual(['fsync directory', 'write', 'fsync data'])
  })

  it('a name makes content durable that another process has committed', async () => {
    await using other = await openLocalStore(root.path)
    await commit(other, 1)
    const log: string[] = []
    await using store = await openLocalStore(root.path, { files: recorded(log) })
    await store.names.put(imageNamed('a/b:1'))
    expect(log[0]).toBe('fsync directory')
  })

  it('of a writer that outlives its store makes the content durable at once', async () => {
    const log: string[] = []
    const store = await openLocalStore(root.path, { files: recorded(log) })
    await store.close()
    await commit(store, 1)
    expect(log.at(-1)).toBe('fsync directory')
  })

  it('writes the rest where a system call wrote less than all', async () => {
    const partial: FileOperations = {
      ...nodeFiles,
      writev: async (fd, chunks, position) => {
        const first = chunks[0] ?? new Uint8Array()
        return nodeFiles.writev(fd, [first.subarray(0, Math.ceil(first.length / 2))], position)
      },
    }
    const content = seededBuffer('partial', 2 * 1024 * 1024)
    await write(partial, content)
    const store = await openLocalStore(root.path)
    expect(readFileSync(store.pathOf(digestOf(content))).equals(content)).toBe(true)
  })
})
