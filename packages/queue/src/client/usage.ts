import type { ImageSizes, StoredImage, StoredPage } from '@dist/runs'
import { sizesSchema } from '../question/schema.js'
import type { Client } from './client.js'

type Reader = Pick<Client, 'redis' | 'keys' | 'ask'>

/** Names that are read together. */
const readTogether = 5_000

/** What images take, when the store was measured last. */
export async function sizesOf(
  { redis, keys, ask }: Reader,
  names: readonly string[],
): Promise<(ImageSizes | undefined)[]> {
  if (names.length === 0) return []
  const texts = await ask(redis.hmget(keys.imageUsage, ...names))
  return texts.map((text) => (text == null ? undefined : sizesSchema.parse(JSON.parse(text))))
}

/** The images that were measured, those that need most alone first. `from`: the place in the whole order. */
export async function pageByOwn(
  reader: Reader,
  {
    search = '',
    from,
    limit,
  }: { readonly search?: string | undefined; readonly from: number; readonly limit: number },
): Promise<StoredPage> {
  const { redis, keys, ask } = reader
  const found: string[] = []
  let next: number | undefined
  for (let start = from; next === undefined; start += readTogether) {
    const names = await ask(
      redis.zrange(keys.ownUsage, String(start), String(start + readTogether - 1), 'REV'),
    )
    const place = names.findIndex((name) => name.includes(search) && found.push(name) > limit)
    if (place >= 0) next = start + place
    else if (names.length < readTogether) break
  }
  const shown = found.slice(0, limit)
  const sizes = await sizesOf(reader, shown)
  return { images: shown.map((name, i): StoredImage => ({ name, sizes: sizes[i] })), next }
}
