import { describe, expect, it } from 'vitest'
import { compareKeys, listAll, type Page } from '../src/bucket/pages.js'

type From = { token: string } | { after: string }

const page = (items: string, isTruncated?: boolean, token?: string): Page<string, From> => ({
  items: [...items],
  isTruncated,
  next: token === undefined ? undefined : { token },
})

/** Lists scripted pages; returns the items and the requested positions. */
async function listPages(
  ...pages: Page<string, From>[]
): Promise<{ items: string; requested: (From | undefined)[] }> {
  const requested: (From | undefined)[] = []
  let items = ''
  const all = listAll<string, From>({
    subject: 's3://bucket/key',
    getPage: async (from) => {
      requested.push(from)
      return pages[requested.length - 1] ?? Promise.reject(new Error('unexpected request'))
    },
    // Items that differ only in case have the same key.
    after: (item) => ({ after: item }),
    compare: (a, b) => compareKeys(a.toLowerCase(), b.toLowerCase()),
    idOf: (item) => item,
  })
  for await (const item of all) items += item
  return { items, requested }
}

describe('a listing', () => {
  it('of one page is requested once, even with a position', async () => {
    expect(await listPages(page('abc', false, 'x'))).toEqual({ items: 'abc', requested: [undefined] })
    expect(await listPages(page('abc'))).toEqual({ items: 'abc', requested: [undefined] })
  })

  it('follows the positions of the server, in any order, also over empty pages', async () => {
    expect(await listPages(page('cd', true, '1'), page('', true, '2'), page('ab', false))).toEqual({
      items: 'cdab',
      requested: [undefined, { token: '1' }, { token: '2' }],
    })
    expect((await listPages(page('ab', undefined, '1'), page('c'))).items).toBe('abc')
  })

  it('S22 continues after the last item where the server answers no position', async () => {
    expect(await listPages(page('ab', true), page('cd', true), page('e', false))).toEqual({
      items: 'abcde',
      requested: [undefined, { after: 'b' }, { after: 'd' }],
    })
    expect((await listPages(page('ab', true), page('', false))).items).toBe('ab')
    expect((await listPages(page('aA', true), page('b', false))).items).toBe('aAb')
  })

  it.each([
    ['the same page again', [page('ab', true), page('ab', true)]],
    ['a page that begins before its end', [page('ab', true), page('bc', false)]],
    ['other items of the same key again', [page('aA', true), page('A', false)]],
    ['no item, and that there is more', [page('', true)]],
    ['no more items, and that there is more', [page('ab', true), page('', true)]],
    ['the same position again', [page('ab', true, '1'), page('cd', true, '1')]],
  ])('S22 that gets %s fails, naming the object', async (_, pages) => {
    await expect(listPages(...pages)).rejects.toMatchObject({
      code: 'MALFORMED',
      message: expect.stringMatching(/^s3:\/\/bucket\/key: list failed: .*there is more/),
    })
  })
})
