import { createStore, gather, MemoryDriver, type Provider } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { digestOf, mediaTypes } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { useVerified } from '../src/verified.js'
import { rejection } from './support/world.js'

const content = Buffer.from('first second third')
const desc = { mediaType: mediaTypes.ociLayer, digest: digestOf(content), size: content.byteLength }

/** A provider of these pieces, which counts the requested ones and records whether it was closed. */
function provider(...pieces: (string | Error)[]) {
  const seen = { read: 0, closed: false }
  const open: Provider['open'] = async () =>
    (async function* () {
      try {
        for (const piece of pieces) {
          if (piece instanceof Error) throw piece
          seen.read++
          yield Buffer.from(piece)
        }
      } finally {
        seen.closed = true
      }
    })()
  return { open, seen }
}

const whole = async (body: AsyncIterable<Uint8Array>) =>
  Buffer.from(await gather(body, 1000, 'test')).toString()
const firstOnly = async (body: AsyncIterable<Uint8Array>) => {
  for await (const chunk of body) return Buffer.from(chunk).toString()
  return undefined
}

describe('content that is verified while it is used', () => {
  it('is passed on, with its progress', async () => {
    const offsets: number[] = []
    const source = provider('first ', 'second ', 'third')
    expect(await useVerified(source, desc, whole, { onProgress: (at) => offsets.push(at) })).toBe(
      content.toString(),
    )
    expect(offsets).toEqual([6, 13, 18])
  })

  it('is read to the end, also when the reader stops early', async () => {
    const source = provider('first ', 'second ', 'third')
    expect(await useVerified(source, desc, firstOnly)).toBe('first ')
    expect(source.seen).toEqual({ read: 3, closed: true })
  })

  it.each([
    ['a flipped byte', ['first ', 'secund ', 'third'], whole],
    ['a flipped byte after the used bytes', ['first ', 'second ', 'thirt'], firstOnly],
    ['less', ['first '], whole],
    ['more', ['first ', 'second ', 'third', 'more'], whole],
  ])('with %s is FAILED_PRECONDITION, naming it', async (_, pieces, use) => {
    const error = await rejection(useVerified(provider(...pieces), desc, use))
    expect(error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(desc.digest),
    })
  })

  const malformed = new DistError('MALFORMED', 'no archive')

  it('is the cause of an error of the reader when it is damaged', async () => {
    const use = () => Promise.reject(malformed)
    const error = await rejection(useVerified(provider('first ', 'xxxxxxx', 'third'), desc, use))
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', cause: malformed })
  })

  it('is not the cause of an error of the reader when it is intact', async () => {
    const use = () => Promise.reject(malformed)
    expect(await rejection(useVerified(provider(content.toString()), desc, use))).toBe(malformed)
  })

  it('is closed without further reading when the disk fails', async () => {
    const full = new DistError('RESOURCE_EXHAUSTED', 'full', {
      cause: Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }),
    })
    const source = provider('first ', 'xxxxxxx', 'third')
    const use = async (body: AsyncIterable<Uint8Array>) => {
      await firstOnly(body)
      throw full
    }
    expect(await rejection(useVerified(source, desc, use))).toBe(full)
    expect(source.seen).toEqual({ read: 1, closed: true })
  })

  it('fails with the error of the store', async () => {
    const broken = new DistError('UNAVAILABLE', 'gone')
    expect(await rejection(useVerified(provider('first ', broken), desc, whole))).toBe(broken)
    expect(await rejection(useVerified(provider('first ', broken), desc, firstOnly))).toBe(broken)
  })

  it('is NOT_FOUND where it is not stored', async () => {
    const store = createStore(new MemoryDriver())
    expect(await rejection(useVerified(store, desc, whole))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is not read further when the reader was aborted', async () => {
    const source = provider('first ', 'xxxxxxx', 'third')
    const controller = new AbortController()
    const canceled = new DistError('CANCELED', 'canceled')
    const use = async (body: AsyncIterable<Uint8Array>) => {
      await firstOnly(body)
      controller.abort()
      throw canceled
    }
    const { signal } = controller
    expect(await rejection(useVerified(source, desc, use, { signal }))).toBe(canceled)
    expect(source.seen).toEqual({ read: 1, closed: true })
  })
})
