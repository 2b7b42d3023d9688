import { readTar } from '@dist/tar'
import { tarArchive } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { contentOf, entriesOf, pieces, rejection } from './support.js'

describe('an archive without its end', () => {
  it.each([
    ['both empty blocks', 1024],
    ['one of them', 512],
    ['also the padding of the last file', 1024 + 512 - 5],
    ['also a part of the padding', 1024 + 100],
  ])('L18 that lacks %s is accepted with openEnd only', async (_, lacking) => {
    const whole = tarArchive([
      { path: 'a', content: 'first' },
      { path: 'b', content: 'lastx' },
    ])
    const archive = whole.subarray(0, whole.byteLength - lacking)
    const seen: string[] = []
    for await (const { header, body } of readTar(pieces(archive, [700]), { openEnd: true }))
      seen.push(`${header.name} ${await contentOf(body)}`)
    expect(seen).toEqual(['a first', 'b lastx'])
    expect(await rejection(entriesOf(archive))).toMatchObject({ code: 'MALFORMED' })
    const shorter = whole.subarray(0, whole.byteLength - 1024 - 512 + 4)
    const skip = async () => {
      for await (const _ of readTar(pieces(shorter, []), { openEnd: true }));
    }
    expect(await rejection(skip())).toMatchObject({ code: 'MALFORMED' })
  })
})
