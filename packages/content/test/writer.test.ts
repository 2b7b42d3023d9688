import { createStore, type Driver, MemoryDriver } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { describe, expect, it } from 'vitest'

/** A storage whose first append of a write fails and whose next one would succeed. */
class FlakyDriver extends MemoryDriver implements Driver {
  override async draft(...args: Parameters<MemoryDriver['draft']>) {
    const draft = await super.draft(...args)
    const append = draft.append.bind(draft)
    let refused = false
    draft.append = async (chunk) => {
      if (refused) return append(chunk)
      refused = true
      throw new DistError('UNAVAILABLE', 'not now')
    }
    return draft
  }
}

describe('a writer after a failed append', () => {
  it('accepts no further chunk, so that no incomplete content is committed', async () => {
    const store = createStore(new FlakyDriver())
    const content = Buffer.from('some content')
    const expected = { digest: digestOf(content), size: content.byteLength }
    const writer = await store.writer('r', expected)
    await expect(writer.write(Buffer.from(content))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(writer.commit()).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(store.info(expected.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('frees its ref', async () => {
    const store = createStore(new FlakyDriver())
    const writer = await store.writer('r', {})
    await expect(writer.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await using again = await store.writer('r', {})
    expect(again.status.offset).toBe(0)
  })
})
