import { DistError } from '@dist/errdefs'
import type { BadContent, VerifyOutcome } from '@dist/mirror'
import { digestOf } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { reportVerification } from '../src/images/verify.js'
import { captured } from './support/context.js'

const digest = digestOf('content')
const other = digestOf('other')
const damaged: BadContent = {
  digest,
  found: { state: 'damaged', size: 7, digest: other },
  size: 7,
  images: ['a:1', 'b:1'],
}
const missing: BadContent = { digest: other, found: { state: 'missing' }, size: 9, images: ['b:1'] }
const unreadable: BadContent = {
  digest,
  found: { state: 'unreadable', code: 'INTERNAL', message: 'the disk fails (EIO)', retryable: false },
  images: [],
}
const outage = new DistError('UNAVAILABLE', 'the server cannot be reached')

function reported(
  outcome: Partial<VerifyOutcome>,
  options: { json?: boolean | undefined; signal?: AbortSignal | undefined } = {},
) {
  const { context, stdout, stderr } = captured({ signal: options.signal })
  const code = reportVerification(context, { objects: 3, bytes: 2048, bad: [], ...outcome }, options)
  return { code, stdout: stdout(), stderr: stderr() }
}

describe('reportVerification', () => {
  it('good content gives exit code 0 and only a summary', () => {
    const summary = '3 objects (2.0 KiB) verified, 0 bad\n'
    expect(reported({})).toEqual({ code: 0, stdout: summary, stderr: '' })
  })

  it('damaged content gives 5, with its images and advice', () => {
    const { code, stdout, stderr } = reported({ bad: [damaged, missing] })
    expect(code).toBe(5)
    expect(stdout).toBe(
      `${digest}  damaged: its bytes have digest ${other}  needed by a:1, b:1\n` +
        `${other}  missing  needed by b:1\n` +
        '3 objects (2.0 KiB) verified, 2 bad\n',
    )
    expect(stderr).toMatch(/^dist: dist verify --repair fetches bad content again; .*\n$/)
  })

  it('truncated content is reported with both sizes', () => {
    const { stdout } = reported({ bad: [{ ...damaged, size: 8 }] })
    expect(stdout).toContain(`damaged: 7 bytes instead of 8, with digest ${other}`)
  })

  it('unreadable content gives 5, with the reason, also when no image needs it', () => {
    const { code, stdout } = reported({ bad: [unreadable] })
    expect(code).toBe(5)
    expect(stdout).toContain(`${digest}  unreadable: the disk fails (EIO)  not needed by an image\n`)
  })

  it('only missing content gives 3', () => {
    const { code, stderr } = reported({ bad: [missing] })
    expect(code).toBe(3)
    expect(stderr).toBe('dist: dist pull <ref> fetches missing content\n')
  })

  it('an interruption gives 130, with the results so far', () => {
    const { images: _, ...found } = damaged
    const stopped = new DistError('CANCELED', 'canceled')
    const ended = reported({ bad: [found], stopped }, { signal: AbortSignal.abort('SIGINT') })
    expect(ended.code).toBe(130)
    expect(ended.stdout).toBe(
      `${digest}  damaged: its bytes have digest ${other}\n` +
        '3 objects (2.0 KiB) verified, 1 bad; stopped before everything was verified\n',
    )
    expect(ended.stderr).not.toContain('canceled')
  })

  it('an unavailable store gives 1, or 5 after damaged content', () => {
    expect(reported({ stopped: outage })).toMatchObject({ code: 1, stderr: `dist: ${outage.message}\n` })
    expect(reported({ stopped: outage, bad: [missing] }).code).toBe(1)
    expect(reported({ stopped: outage, bad: [damaged] }).code).toBe(5)
  })

  it('control characters in names are escaped', () => {
    expect(reported({ bad: [{ ...damaged, images: ['a\x1b[2J'] }] }).stdout).not.toContain('\x1b')
  })

  it('JSON has an object for each bad content, then the summary, and no advice', () => {
    const { stdout, stderr } = reported({ bad: [damaged, missing, unreadable] }, { json: true })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        digest,
        state: 'damaged',
        size: 7,
        found: { size: 7, digest: other },
        code: 'FAILED_PRECONDITION',
        images: ['a:1', 'b:1'],
      },
      { digest: other, state: 'missing', size: 9, code: 'NOT_FOUND', images: ['b:1'] },
      { digest, state: 'unreadable', error: 'the disk fails (EIO)', code: 'INTERNAL', images: [] },
      { objects: 3, bytes: 2048, bad: 3, complete: true },
    ])
    expect(stderr).toBe('')
  })
})
