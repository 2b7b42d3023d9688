import { fixtureBlob, seededBuffer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { writesIn } from '../support/store-files.js'
import { jsonLines, linesOf, type Running, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const bytes = seededBuffer('active', 3_000_000)
const { digest } = fixtureBlob(bytes).descriptor

async function startWrite(ref: string): Promise<Running> {
  const running = workspace().start([
    'ingest',
    '--expected-digest',
    digest,
    '--expected-size',
    '3000000',
    ref,
  ])
  running.child.stdin?.write(bytes.subarray(0, 2_000_000))
  const isUnderWay = async () =>
    (await writesIn(workspace().store)).some((write) => write.ref === ref && write.offset > 1_900_000)
  const tooEarly = running.ended.then(({ code, stderr }) =>
    expect.unreachable(`ended with ${code}: ${stderr}`),
  )
  await Promise.race([waitFor(isUnderWay, `the write of ${ref}`, 30_000), tooEarly])
  return running
}

async function cutOff(ref: string): Promise<void> {
  const running = await startWrite(ref)
  running.child.kill('SIGINT')
  await running.ended
}

it('shows ref, offset of total, age, and the speed of the last seconds', async () => {
  await startWrite('going')
  const [head, row] = linesOf((await workspace().dist(['active'])).stdout)
  expect(head).toMatch(/^REF +OFFSET +TOTAL +AGE +SPEED$/)
  expect(row).toMatch(/^going +[\d.]+ [KM]iB +2\.9 MiB +[\d.]+s +0 B\/s$/)
})

it('shows an abandoned write without a speed', async () => {
  await cutOff('cut')
  const [status, ...others] = jsonLines((await workspace().dist(['active', '--json'])).stdout)
  expect(others).toEqual([])
  expect(status).toMatchObject({ ref: 'cut', total: 3_000_000, live: false, expected: { digest } })
  expect(status).not.toHaveProperty('speed')
})

it('--watch shows the progress until it is interrupted', async () => {
  const writer = await startWrite('going')
  const watch = workspace().start(['active', '--watch', '--json'])
  await watch.said('"offset":2')
  writer.child.stdin?.end(bytes.subarray(2_000_000))
  await writer.ended
  watch.child.kill('SIGINT')
  expect(await watch.ended).toMatchObject({ code: 130, stderr: '' })
})

it('--watch redraws its output on a terminal', async () => {
  const watch = workspace().start(['active', '--watch'])
  await watch.said('REF')
  // It may start before the store exists.
  expect(watch.stderr()).toMatch(/^dist: no store at [^\n]*: waiting for it\n$/)
  await startWrite('going')
  await watch.said('going')
  watch.child.kill('SIGTERM')
  expect((await watch.ended).code).toBe(143)
  expect(watch.stdout()).not.toContain('\x1b')
  const terminal = workspace().startShell(`exec script -qefc 'exec dist active --watch' /dev/null`)
  await terminal.said('\x1b[2A\x1b[J')
  terminal.child.kill('SIGTERM')
  await terminal.ended
})

it('abort removes an abandoned write, and names those that do not exist', async () => {
  await cutOff('cut')
  expect(await workspace().dist(['abort', 'cut', 'other'])).toMatchObject({
    code: 6,
    stdout: 'cut\n',
    stderr: expect.stringContaining('other'),
  })
  expect((await workspace().dist(['active', '--json'])).stdout).toBe('')
  expect((await workspace().dist(['abort', 'cut'])).code).toBe(3)
})

it('abort refuses a write in progress', async () => {
  const running = await startWrite('going')
  expect((await workspace().dist(['abort', 'going'])).code).toBe(1)
  running.child.stdin?.end(bytes.subarray(2_000_000))
  expect((await running.ended).code).toBe(0)
})

it('sweep removes old abandoned writes, and spares those in progress', async () => {
  await cutOff('old')
  await startWrite('going')
  expect(await workspace().dist(['sweep'])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  const swept = await workspace().dist(['sweep', '--older-than', '0'])
  expect(swept).toMatchObject({ code: 0, stdout: 'old\n' })
  const left = jsonLines((await workspace().dist(['active', '--json'])).stdout)
  expect(left).toMatchObject([{ ref: 'going' }])
})
