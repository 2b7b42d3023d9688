import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLocalStore } from '@dist/content-local'
import { digestOf, encodedOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Point } from './child.js'
import { type Folder, folder } from './folder.js'
import { start } from './process.js'

const big = 5 * 1024 * 1024 + 3
const small = 1000

let root: Folder

beforeEach(() => {
  root = folder()
})
afterEach(() => root.remove())

/** Whether the content is committed. Fails when the final file is partial. */
function isCommitted(content: Uint8Array): boolean {
  const blobs = readdirSync(join(root.path, 'blobs/sha256'))
  if (blobs.length === 0) return false
  const hex = encodedOf(digestOf(content))
  expect(blobs).toEqual([hex])
  expect(readFileSync(join(root.path, 'blobs/sha256', hex)).equals(content)).toBe(true)
  return true
}

describe('S6 kill -9 of the writer', () => {
  it.each<[string, number, Point, boolean, boolean]>([
    // moment, size, call, committed then, resumable then
    ['at open', small, { when: 'before', call: 'open', nth: 1 }, false, false],
    ['with all bytes, before fsync', small, { when: 'before', call: 'fsync', nth: 1 }, false, false],
    ['before rename', small, { when: 'before', call: 'rename', nth: 1 }, false, false],
    ['after rename', small, { when: 'after', call: 'rename', nth: 1 }, true, false],
    ['at open', big, { when: 'before', call: 'open', nth: 1 }, false, false],
    ['after open', big, { when: 'after', call: 'open', nth: 1 }, false, false],
    ['during a write', big, { when: 'after', call: 'writev', nth: 2 }, false, true],
    ['with all bytes, before fsync', big, { when: 'before', call: 'fsync', nth: 1 }, false, true],
    ['before rename', big, { when: 'before', call: 'rename', nth: 1 }, false, true],
    ['after rename', big, { when: 'after', call: 'rename', nth: 1 }, true, false],
  ])(
    '%s of %i bytes: the final file is absent or complete, and the next run finishes',
    { timeout: 30_000 },
    async (_, size, killAt, done, resumable) => {
      const content = seededBuffer('killed', size)
      await (await openLocalStore(root.path)).close()
      const child = start(root.path, 'write', { ref: 'ref', seed: 'killed', size, killAt })
      expect(await child.ended).toBe('SIGKILL')
      expect(isCommitted(content)).toBe(done)

      const store = await openLocalStore(root.path)
      const expected = { digest: digestOf(content), size }
      if (done) {
        await expect(store.content.writer('ref', expected)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
      } else {
        await using writer = await store.content.writer('ref', expected)
        if (resumable) expect(writer.status.offset).toBeGreaterThan(0)
        else expect(writer.status.offset).toBe(0)
        await writer.write(content.slice(writer.status.offset))
        await writer.commit()
        expect(isCommitted(content)).toBe(true)
      }
      // The sweep removes all other remains of the dead process, whatever their age.
      await store.sweep(0)
      expect(readdirSync(join(root.path, 'ingest'))).toEqual([])
      await store.close()
      expect(readdirSync(join(root.path, 'locks')).filter((file) => !file.startsWith('clock'))).toEqual([])
    },
  )

  it.each<Point>([
    { when: 'before', call: 'open', nth: 1 },
    { when: 'before', call: 'rename', nth: 1 },
    { when: 'after', call: 'rename', nth: 1 },
  ])(
    '$when $call while the store is created: the next run finishes the store',
    { timeout: 30_000 },
    async (killAt) => {
      const child = start(root.path, 'write', { ref: 'ref', seed: 'killed', size: small, killAt })
      expect(await child.ended).toBe('SIGKILL')
      const store = await openLocalStore(root.path)
      expect(store.id).toMatch(/^[0-9a-f-]{36}$/)
      expect(JSON.parse(readFileSync(join(root.path, 'index.json'), 'utf8')).manifests).toEqual([])
    },
  )
})
