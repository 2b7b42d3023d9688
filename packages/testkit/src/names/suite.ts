import { type Image, lookUp, type Names, scanNames } from '@dist/content'
import { digestOf, mediaTypes } from '@dist/oci'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

export interface NamesFixture {
  /** No names yet. */
  readonly names: Names
  /** The same names through a second, independent opening. */
  readonly others: Names
  close(): Promise<void>
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

function image(name: string, more: Partial<Image> = {}): Image {
  const desc = { mediaType: mediaTypes.ociIndex, digest: digestOf(name), size: name.length }
  return { name, desc, selection: 'all', ...more }
}

async function listed(names: Names): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of names.list()) found.push(name)
  return found.sort()
}

async function scanned(names: Names, prefix: string): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>()
  for await (const { name, version } of scanNames(names, prefix)) found.set(name, version)
  return found
}

/** What every store of published names has to do. */
export function namesSuite(name: string, factory: () => Promise<NamesFixture>): void {
  describe(`${name} as names`, () => {
    let fixture: NamesFixture
    beforeEach(async () => {
      fixture = await factory()
    })
    afterEach(() => fixture.close())

    it('has none at first', async () => {
      expect(await listed(fixture.names)).toEqual([])
      await expect(fixture.names.get('docker.io/library/alpine:3.20')).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
    })

    it.each<[string, Partial<Image>]>([
      ['docker.io/library/alpine:3.20', {}],
      ['docker.io/library/alpine:3.20', { selection: ['linux/amd64', 'linux/arm/v7'] }],
      ['docker.io/library/alpine:3.20', { selection: [] }],
      [`example.com:5000/a/b@${digestOf('x')}`, {}],
    ])('gives back %s as it was put, with %o', async (reference, more) => {
      const put = image(reference, more)
      await fixture.names.put(put)
      expect(await fixture.names.get(reference)).toEqual(put)
      expect(await fixture.others.get(reference)).toEqual(put)
    })

    it('finds the names that begin with a text, and no others', async () => {
      const long = `example.com/${'b/'.repeat(50)}a`
      const tag = 't'.repeat(128)
      const own = [`${long}:${tag}`, `${long}:1`, `${long}@${digestOf('x')}`]
      for (const each of [...own, `${long}c:1`, `${long}/c:1`, 'a.b/c:1', 'a.b/c:_', 'a.b/cd:1'])
        await fixture.names.put(image(each))
      await fixture.names.delete(`${long}:1`)
      expect([...(await scanned(fixture.others, `${long}:`)).keys()]).toEqual([`${long}:${tag}`])
      expect([...(await scanned(fixture.names, `${long}@`)).keys()]).toEqual([`${long}@${digestOf('x')}`])
      expect([...(await scanned(fixture.others, 'a.b/c:')).keys()].sort()).toEqual(['a.b/c:1', 'a.b/c:_'])
      expect((await scanned(fixture.others, '')).size).toBe(7)
    })

    it('shows by a scan that a name has another document', async () => {
      await fixture.names.put(image('a/b:c', { selection: ['linux/amd64'] }))
      const before = (await scanned(fixture.others, 'a/b:')).get('a/b:c')
      expect((await scanned(fixture.names, 'a/b:')).get('a/b:c')).toBe(before)
      await fixture.names.put(image('a/b:c', { selection: ['linux/arm64'] }))
      const after = (await scanned(fixture.others, 'a/b:')).get('a/b:c')
      expect(after === undefined || after !== before).toBe(true)
    })

    it('keeps all parts of a descriptor', async () => {
      const desc = {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf('x', 'sha512'),
        size: 0,
        annotations: { 'org.example.note': 'a "quoted" note\nin two lines' },
        platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
        artifactType: 'application/vnd.example',
      }
      await fixture.names.put({ name: 'example.com/a:b', desc, selection: 'all' })
      expect((await fixture.others.get('example.com/a:b')).desc).toEqual(desc)
    })

    it('gives back what was recorded of the referrers, and replaces it', async () => {
      const manifests = [{ ...image('a signature').desc, artifactType: 'application/vnd.example' }]
      const tags = [`${digestOf('a/b:c').replace(':', '-')}.sig`]
      const first = image('a/b:c', {
        referrers: { types: 'all', askedAt: 1_700_000_000_000, manifests, tags },
      })
      await fixture.names.put(first)
      expect(await fixture.others.get('a/b:c')).toEqual(first)
      const look = await lookUp('a/b:c', fixture.others)
      expect(await look?.holds(first.desc, 'all')).toBe(true)
      expect(await look?.image()).toEqual(first)
      const next = image('a/b:c', { referrers: { types: ['b/c'], askedAt: 0, manifests: [], tags: [] } })
      await fixture.names.put(next)
      expect(await fixture.others.get('a/b:c')).toEqual(next)
      await fixture.names.put(image('a/b:c'))
      expect(await fixture.others.get('a/b:c')).toEqual(image('a/b:c'))
    })

    it('replaces what a name meant', async () => {
      await fixture.names.put(image('a/b:c', { selection: ['linux/amd64'] }))
      const next = image('a/b:c', { desc: image('next').desc })
      await fixture.others.put(next)
      expect(await fixture.names.get('a/b:c')).toEqual(next)
      expect(await listed(fixture.names)).toEqual(['a/b:c'])
    })

    it('lists all names', async () => {
      const names = ['a/b:1', 'a/b:2', 'c/d:1']
      for (const one of names) await fixture.names.put(image(one))
      expect(await listed(fixture.others)).toEqual(names)
    })

    it('deletes one name and leaves the others', async () => {
      for (const one of ['a/b:1', 'a/b:2']) await fixture.names.put(image(one))
      await fixture.others.delete('a/b:1')
      await expect(fixture.names.get('a/b:1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await listed(fixture.names)).toEqual(['a/b:2'])
      await expect(fixture.names.delete('a/b:1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it.each([1, 30])('shows what each of %i names holds, without those that are deleted', async (count) => {
      const { names, others } = fixture
      const all = Array.from({ length: count }, (_, i) => `a/b:${i}`)
      const selection = ['linux/amd64', 'linux/arm64']
      for (const one of all) await others.put(image(one, { selection }))
      const looks = await Promise.all(all.map((one) => lookUp(one, names)))
      for (const [i, look] of looks.entries()) {
        const { desc } = image(`a/b:${i}`)
        expect(await look?.holds(desc, selection)).toBe(true)
        expect(await look?.holds(desc, ['linux/arm64'])).toBe(true)
        expect(await look?.holds(desc, 'all')).toBe(false)
        expect(await look?.holds(image('next').desc, selection)).toBe(false)
        expect(await look?.image()).toEqual(image(`a/b:${i}`, { selection }))
      }
      expect(await lookUp('a/b:none', names)).toBeUndefined()
      for (const one of all) await names.delete(one)
      expect(await Promise.all(all.map((one) => lookUp(one, names)))).toEqual(all.map(() => undefined))
      await names.put(image('a/b:0'))
      expect(await (await lookUp('a/b:0', names))?.holds(image('a/b:0').desc, 'all')).toBe(true)
    })

    it('loses none of many that are put at a time, by several', async () => {
      const names = Array.from({ length: 60 }, (_, i) => `a/b:${String(i).padStart(2, '0')}`)
      const writers = [fixture.names, fixture.others]
      await Promise.all(names.map((one, i) => writers[i % 2]?.put(image(one))))
      expect(await listed(fixture.names)).toEqual(names)
      expect(await listed(fixture.others)).toEqual(names)
    })

    it('shows the old image or the new one while it is replaced', async () => {
      const [old, next] = [image('a/b:c'), image('a/b:c', { desc: image('next').desc })]
      await fixture.names.put(old)
      const puts = Promise.all(Array.from({ length: 10 }, (_, i) => fixture.names.put(i % 2 ? old : next)))
      let running = true
      puts.finally(() => {
        running = false
      })
      while (running) {
        expect([old, next]).toContainEqual(await fixture.others.get('a/b:c'))
        await turn()
      }
      await puts
    })
  })
}
