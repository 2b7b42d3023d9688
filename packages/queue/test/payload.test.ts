import { digestOf } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { blobJobId, imageJobId, newGeneration, newRunId, parseImageJobId } from '../src/jobs/ids.js'
import {
  blobJob,
  type FetchJob,
  type ImageJob,
  imageJob,
  NewerJob,
  parsePayload,
  type VerifyJob,
} from '../src/jobs/payload.js'
import { runGrammar } from '../src/redis/keys.js'

/** Bytes. */
const maxPayload = 16 * 1024

const desc = { mediaType: 'application/octet-stream', digest: digestOf('x'), size: 0 }
const image: ImageJob = { v: 2, run: newRunId(), index: 0, attempt: 1, reference: 'alpine' }
const blob: FetchJob = {
  v: 2,
  run: image.run,
  index: 3,
  attempt: 2,
  desc,
  image: 'alpine',
}
const pushed: FetchJob = { ...blob, to: { host: 'registry.test', repository: 'mirror/library/alpine' } }
const verify: VerifyJob = { ...blob, kind: 'verify' }

describe('a payload', () => {
  it('is read as it was written', () => {
    expect(parsePayload(imageJob, image, 'j')).toEqual(image)
    for (const each of [blob, pushed, verify]) expect(parsePayload(blobJob, each, 'j')).toEqual(each)
  })

  it.each([
    ['an unknown version', { ...blob, v: 0 }, 'v'],
    ['no version', { ...blob, v: undefined }, 'v'],
    [
      'a digest that would leave its key',
      { ...blob, desc: { ...desc, digest: 'sha256:../../x' } },
      'desc.digest',
    ],
    ['a size of -1', { ...blob, desc: { ...desc, size: -1 } }, 'desc.size'],
    ['a size of 1.5', { ...blob, desc: { ...desc, size: 1.5 } }, 'desc.size'],
    ['a size as text', { ...blob, desc: { ...desc, size: '12' } }, 'desc.size'],
    ['an invalid run id', { ...blob, run: '../x' }, 'run'],
    ['an unknown kind', { ...blob, kind: 'other' }, 'kind'],
    ['an invalid destination', { ...blob, to: 'registry.test' }, 'to'],
    ['nothing', null, 'the payload'],
    ['a list', [], 'the payload'],
  ])('with %s is INVALID_ARGUMENT, with job and field', (_what, data, field) => {
    expect(() => parsePayload(blobJob, data, 'job-7')).toThrow(`job job-7: ${field}`)
    expect(() => parsePayload(blobJob, data, 'job-7')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', retryable: false }),
    )
  })

  it('of a newer version says so, whatever else it has', () => {
    for (const data of [
      { ...blob, v: 5 },
      { v: 7, other: true },
    ])
      expect(() => parsePayload(blobJob, data, 'job-7')).toThrow(NewerJob)
  })

  it('of version 1 is read, without the source that it has beside its reference', () => {
    const old = { ...blob, v: 1, source: { host: 'docker.io', repository: 'library/alpine' } }
    expect(parsePayload(blobJob, old, 'job-7')).toEqual({ ...blob, v: 1 })
  })

  it('loses unknown fields, such as credentials (Q14)', () => {
    const dirty = { ...blob, desc: { ...desc, password: 'secret' }, token: 'secret' }
    const to = { ...pushed.to, password: 'secret' }
    for (const each of [dirty, { ...dirty, to }, { ...verify, token: 'secret' }])
      expect(JSON.stringify(parsePayload(blobJob, each, 'j'))).not.toContain('secret')
  })

  it('has a bounded size (Q14)', () => {
    const largest: FetchJob = {
      ...blob,
      desc: { ...desc, mediaType: 'm'.repeat(255) },
      image: 'r'.repeat(1_024),
      to: { host: 'h'.repeat(300), repository: 'r'.repeat(300) },
    }
    expect(JSON.stringify(parsePayload(blobJob, largest, 'j')).length).toBeLessThan(maxPayload)
    const longer = { ...largest, to: { host: 'h', repository: 'r'.repeat(301) } }
    expect(() => parsePayload(blobJob, longer, 'j')).toThrow('to.repository')
  })
})

describe('the ids of jobs', () => {
  it('have no colon, and are not numbers', () => {
    const ids = [imageJobId(image), blobJobId(image, newGeneration(), desc.digest)]
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[\w-]+)+$/)
  })

  it('of blobs fit into the compact sets of Redis, with their prefix, in runs of a million images', () => {
    const id = blobJobId({ run: image.run, index: 1_000_000 }, newGeneration(), desc.digest)
    expect(`{dist}:blobs:${id}`.length).toBeLessThanOrEqual(64)
  })

  it('have run, index and attempt', () => {
    expect(parseImageJobId(imageJobId({ run: image.run, index: 12, attempt: 3 }))).toEqual({
      run: image.run,
      index: 12,
      attempt: 3,
    })
    for (const other of ['', 'x', '1-2-3', `${image.run}-1`, blobJobId(image, 'ab12', desc.digest)])
      expect(parseImageJobId(other)).toBeUndefined()
  })

  it('of runs never repeat, and match the grammar', () => {
    const ids = Array.from({ length: 1000 }, newRunId)
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(id).toMatch(runGrammar)
  })
})
