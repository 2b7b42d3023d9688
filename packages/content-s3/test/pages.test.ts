import { describe, expect, it } from 'vitest'
import { compareKeys, listAll, type Page } from '../src/bucket/pages.js'

type From = { token: string } | { after: string }

const answered = (items: string, isTruncated?: boolean, token?: string): Page<string, From> => ({
  items: [...items],
  isTruncated,
  next: token === undefined ? undefined : { token },
})

/** Lists what a server answers, one page after the other, and what it was asked. */
async function listed(
  ...pages: Page<string, From>[]
): Promise<{ items: string; asked: (From | undefined)[] }> {
  const asked: (From | undefined)[] = []
  let items = ''
  const all = listAll<string, From>({
    subject: 'listing s3://bucket/key',
    ask: async (from) => {
      asked.push(from)
      return pages[asked.length - 1] ?? Promise.reject(new Error('asked too often'))
    },
    // What a capital distinguishes has the same key.
    after: (item) => ({ after: item }),
    compare: (a, b) => compareKeys(a.toLowerCase(), b.toLowerCase()),
    idOf: (item) => item,
  })
  for await (const item of all) items += item
  return { items, asked }
}

describe('a listing', () => {
  it('of one page is asked for once, whatever else stands there', async () => {
    expect(await listed(answered('abc', false, 'x'))).toEqual({ items: 'abc', asked: [undefined] })
    expect(await listed(answered('abc'))).toEqual({ items: 'abc', asked: [undefined] })
  })

  it('goes on as the server says, in whatever order, over empty pages too', async () => {
    expect(await listed(answered('cd', true, '1'), answered('', true, '2'), answered('ab', false))).toEqual({
      items: 'cdab',
      asked: [undefined, { token: '1' }, { token: '2' }],
    })
    expect((await listed(answered('ab', undefined, '1'), answered('c'))).items).toBe('abc')
  })

  it('S22 goes on behind the last item where the server does not say how', async () => {
    expect(await listed(answered('ab', true), answered('cd', true), answered('e', false))).toEqual({
      items: 'abcde',
      asked: [undefined, { after: 'b' }, { after: 'd' }],
    })
    expect((await listed(answered('ab', true), answered('', false))).items).toBe('ab')
    expect((await listed(answered('aA', true), answered('b', false))).items).toBe('aAb')
  })

  it.each([
    ['the same page again', [answered('ab', true), answered('ab', true)]],
    ['a page that begins before its end', [answered('ab', true), answered('bc', false)]],
    ['other items of the same key again', [answered('aA', true), answered('A', false)]],
    ['nothing, and that there is more', [answered('', true)]],
    ['nothing more, and that there is more', [answered('ab', true), answered('', true)]],
    ['the same way on again', [answered('ab', true, '1'), answered('cd', true, '1')]],
  ])('S22 that gets %s fails by name', async (_, pages) => {
    await expect(listed(...pages)).rejects.toMatchObject({
      code: 'MALFORMED',
      message: expect.stringMatching(/^listing s3:\/\/bucket\/key: .*there is more/),
    })
  })
})
