import { digestOf } from '@dist/oci'
import { parseLocator } from '@dist/reference'
import { expect, it } from 'vitest'
import { publishTransfers } from '../src/publish.js'

it('a transfer is published from its first event to its end, with its start time', () => {
  const published: { ref: string; offset: number; total?: number | undefined; startedAt: Date }[] = []
  const removed: string[] = []
  const listener = publishTransfers({
    publish: (status) => published.push(status),
    remove: (ref) => removed.push(ref),
  })
  const desc = { mediaType: 'application/octet-stream', digest: digestOf('x'), size: 10 }
  const task = { desc, source: parseLocator('localhost:5000/app') }
  for (const offset of [0, 4]) listener({ task, run: 'r', offset, ended: false })
  expect(published).toMatchObject([
    { ref: `blob-${desc.digest}`, offset: 0, total: 10 },
    { ref: `blob-${desc.digest}`, offset: 4, total: 10 },
  ])
  expect(published[1]?.startedAt).toBe(published[0]?.startedAt)
  listener({ task, run: 'r', offset: 10, ended: true })
  expect(removed).toEqual([`blob-${desc.digest}`])
})

it('transfers of one blob into the store and into a registry are two writes', () => {
  const refs: string[] = []
  const listener = publishTransfers({ publish: ({ ref }) => refs.push(ref), remove: (ref) => refs.push(ref) })
  const desc = { mediaType: 'application/octet-stream', digest: digestOf('x'), size: 10 }
  const task = { desc, source: parseLocator('localhost:5000/app') }
  const to = parseLocator('registry.test/mirror/app')
  listener({ task, run: 'r', offset: 0, ended: false })
  listener({ task: { ...task, to }, run: 'r', offset: 0, ended: false })
  listener({ task: { ...task, to }, run: 'r', offset: 10, ended: true })
  const pushed = `blob-${desc.digest}@registry.test`
  expect(refs).toEqual([`blob-${desc.digest}`, pushed, pushed])
})
