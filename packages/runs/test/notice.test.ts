import { DistError } from '@dist/errdefs'
import {
  deliverPatiently,
  type ImageReport,
  Notices,
  Notifier,
  type NotifyRule,
  signatureOf,
} from '@dist/runs'
import { expect, it, vi } from 'vitest'

const rule = (parts: Partial<NotifyRule> = {}): NotifyRule => ({
  entry: 'app',
  targets: ['ops'],
  on: ['changed', 'failed'],
  ...parts,
})

function report(index: number, parts: Partial<ImageReport> = {}): ImageReport {
  return { index, entry: 'app', reference: `r.io/app:${index}`, state: 'done', upToDate: true, ...parts }
}

function noticesOf(rules: readonly NotifyRule[], reports: readonly ImageReport[]) {
  const notices = new Notices(rules)
  for (const each of reports) notices.add(each)
  return notices.outgoing(new Date(0), 'r1').map(({ target, body }) => ({ target, notice: JSON.parse(body) }))
}

it('a target is told of its entries only, once, and only on its occasions', () => {
  const rules = [
    rule({ targets: ['ops', 'ops', 'chat'] }),
    rule({ entry: 'quiet', on: ['failed'] }),
    rule({ entry: 'none', on: ['always'], targets: ['all'] }),
  ]
  const told = noticesOf(rules, [
    report(0, { upToDate: false }),
    report(1, { entry: 'quiet', upToDate: false }),
    report(2, { entry: 'other', state: 'failed' }),
  ])
  expect(told.map(({ target, notice }) => `${target} ${notice.entry} ${notice.result}`)).toEqual([
    'ops app changed',
    'chat app changed',
    'all none unchanged',
  ])
})

it('a notice lists 100 of each kind, counts the others, and groups failures by cause', () => {
  const error = (message: string) => ({ code: 'NOT_FOUND' as const, message })
  const [{ notice } = { notice: undefined }] = noticesOf(
    [rule()],
    [
      ...Array.from({ length: 150 }, (_, i) => report(i, { upToDate: false })),
      ...Array.from({ length: 101 }, (_, i) => report(i, { state: 'pruned' })),
      ...Array.from({ length: 9 }, (_, i) => report(i, { state: 'failed', error: error('gone') })),
      ...Array.from({ length: 120 }, (_, i) => report(i, { state: 'failed', error: error(`cause ${i}x`) })),
    ],
  )
  expect(notice.counts).toEqual({ upToDate: 0, changed: 150, pruned: 101, failed: 129 })
  expect(notice.leftOut).toEqual({ changed: 50, pruned: 1, failures: 21 })
  expect(notice.failures[0]).toEqual({ cause: 'gone', code: 'NOT_FOUND', first: 'r.io/app:0', count: 9 })
  expect([notice.changed.length, notice.pruned.length, notice.failures.length]).toEqual([100, 100, 100])
})

it('the signature covers the timestamp, the id and the body', () => {
  const signed = { timestamp: '1', id: 'i', body: '{}' }
  const all = [signed, { ...signed, timestamp: '2' }, { ...signed, id: 'j' }, { ...signed, body: '{ }' }]
  expect(new Set(all.map((each) => signatureOf(each, 'secret'))).size).toBe(4)
  expect(signatureOf(signed, 'secret')).toMatch(/^sha256=[0-9a-f]{64}$/)
  expect(signatureOf(signed, 'other')).not.toBe(signatureOf(signed, 'secret'))
})

it('an answer is a success, a reason to try again, or final', async () => {
  const deliver = (status: number) =>
    new Notifier({
      targets: { ops: { url: 'https://hooks.example.com/secret-path', secretFile: 's' } },
      post: async () => ({ status, retryAfter: 3_000 }),
      readSecret: async () => 'secret',
    }).deliver({ id: 'i', target: 'ops', body: '{}' })
  for (const status of [200, 204]) await deliver(status)
  for (const status of [408, 429, 500, 503])
    await expect(deliver(status)).rejects.toMatchObject({ retryable: true, retryAfter: 3_000 })
  for (const status of [301, 400, 404, 410]) {
    await expect(deliver(status)).rejects.toMatchObject({ retryable: false })
    await expect(deliver(status)).rejects.not.toThrow(/secret-path/)
  }
})

it('a delivery is tried five times, with pauses, and not again after a final answer', async () => {
  vi.useFakeTimers()
  const attempts = async (error: DistError) => {
    const deliver = vi.fn().mockRejectedValue(error)
    const ended = deliverPatiently(
      { deliver },
      { id: 'i', target: 't', body: '' },
      new AbortController().signal,
    )
    ended.catch(() => {})
    await vi.runAllTimersAsync()
    await expect(ended).rejects.toBe(error)
    return deliver.mock.calls.length
  }
  expect(await attempts(new DistError('UNAVAILABLE', 'away'))).toBe(5)
  expect(await attempts(new DistError('PERMISSION_DENIED', 'no'))).toBe(1)
  vi.useRealTimers()
})
