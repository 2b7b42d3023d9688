import { copyContent } from '@dist/content'
import { createHostLimiter } from '@dist/remotes'
import { expect, test } from 'vitest'
import { held, MiB, push, pusherTo, sample } from './push-support.js'
import { client, refTo, scripted } from './support.js'

test('many blobs copied between repositories of one host do not wait for each other', async () => {
  const registry = await scripted()
  const blobs = Array.from({ length: 12 }, (_, i) => sample((i % 2 === 0 ? 5 : 1) * MiB + i))
  for (const { content } of blobs) registry.content.putBlob('from/here', content)
  const registryClient = client({
    limiter: createHostLimiter({ requests: 2 }),
    connectionsPerHost: 2,
    timeouts: {},
  })
  const fetcher = registryClient.fetcher(refTo(registry, 'from/here'))
  const pusher = registryClient.pusher(refTo(registry, 'a/b'))
  const copies = blobs.map(async ({ desc }) => {
    await using writer = await pusher.ingester.writer('copy', desc)
    await copyContent(writer, (await fetcher.fetch(desc)).body)
  })
  await Promise.all(copies)
  expect(blobs.every((blob) => held(registry, blob) !== undefined)).toBe(true)
}, 30_000)

test('every upload gives its place back, however it ends', async () => {
  const registry = await scripted()
  const places = { taken: 0, most: 0 }
  const inner = createHostLimiter({ requests: 1 })
  const limiter = {
    ...inner,
    acquire: async (...args: Parameters<typeof inner.acquire>) => {
      const permit = await inner.acquire(...args)
      places.most = Math.max(places.most, ++places.taken)
      const release = () => {
        places.taken--
        permit.release()
      }
      return { ...permit, release }
    },
  }
  const pusher = pusherTo(registry, { limiter })
  const good = sample(5 * MiB)
  const flipped = { ...sample(6 * MiB), content: Buffer.alloc(6 * MiB) }
  const ends = await Promise.allSettled([
    push(pusher, good),
    push(pusher, flipped),
    push(pusher, sample(1000)),
    pusher.ingester.writer('unused', sample(7 * MiB).desc).then((writer) => writer.abort()),
  ])
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(places.taken).toBe(0)
  expect(places.most).toBeGreaterThan(0)
  expect(held(registry, good)).toBeDefined()
})
