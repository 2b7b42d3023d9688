import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fixtureBlob, seededBuffer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { writesIn } from '../support/store-files.js'
import { jsonLines, type Running, useWorkspace, type Workspace } from '../support/workspace.js'

const workspace = useWorkspace()
const hello = fixtureBlob('hello').descriptor
const content = seededBuffer('ingest', 6_000_000)
const large = fixtureBlob(content).descriptor
const half = content.subarray(0, 4_000_000)

/** Starts an ingest that stays open, and waits until its bytes show. */
async function startIngest(
  w: Workspace,
  ref: string,
  args: readonly string[],
  bytes: Uint8Array,
): Promise<Running> {
  const running = w.start(['ingest', ...args, ref])
  running.child.stdin?.write(bytes)
  await waitFor(
    async () => (await activeOf(w)).some((status) => status.ref === ref && status.offset > 0),
    `bytes of ${ref}`,
    30_000,
  )
  return running
}

const activeOf = (w: Workspace) => writesIn(w.store)
const expecting = ['--expected-digest', large.digest, '--expected-size', String(large.size)]

it('puts stdin into the store and prints digest and size', async () => {
  const ended = await workspace().dist(['ingest', 'greeting'], { stdin: 'hello' })
  expect(ended).toMatchObject({ code: 0, stdout: `${hello.digest} 5\n`, stderr: '' })
  expect((await workspace().dist(['list', '-q'])).stdout).toBe(`${hello.digest}\n`)
})

it('takes content of no bytes', async () => {
  const empty = fixtureBlob('').descriptor
  const args = ['ingest', '--expected-digest', empty.digest, '--expected-size', '0', 'nothing']
  expect(await workspace().dist(args)).toMatchObject({ code: 0, stdout: `${empty.digest} 0\n` })
})

it('takes a sha512 digest', async () => {
  const { stdout } = await workspace().shell('printf hello | sha512sum | cut -d" " -f1')
  const digest = `sha512:${stdout.trim()}`
  const args = ['ingest', '--expected-digest', digest, 'greeting']
  expect(await workspace().dist(args, { stdin: 'hello' })).toMatchObject({ code: 0, stdout: `${digest} 5\n` })
})

it.each([
  ['another digest', ['--expected-digest', hello.digest]],
  ['too few bytes', ['--expected-size', '7']],
  ['too many bytes', ['--expected-size', '3']],
])('with %s ends with 5, and nothing is visible', async (_, args) => {
  const ended = await workspace().dist(['ingest', ...args, 'greeting'], { stdin: 'hallo' })
  expect(ended).toMatchObject({ code: 5, stdout: '' })
  expect((await workspace().dist(['list', '-q'])).stdout).toBe('')
  expect(await activeOf(workspace())).toEqual([])
})

it('of content that is there is done at once, without reading', async () => {
  await workspace().dist(['ingest', 'first'], { stdin: 'hello' })
  const running = workspace().start(['ingest', '--json', '--expected-digest', hello.digest, 'second'])
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(jsonLines(ended.stdout)).toEqual([{ ref: 'second', digest: hello.digest, size: 5, present: true }])
})

it('waits for another process that writes the same content, and is done with it', async () => {
  const w = workspace()
  const first = await startIngest(w, 'shared', expecting, half)
  const second = w.start(['ingest', '--json', ...expecting, 'shared'])
  await second.said('for the same content; waiting')
  first.child.stdin?.end(content.subarray(half.length))
  expect(await first.ended).toMatchObject({ code: 0, stdout: `${large.digest} ${large.size}\n` })
  const ended = await second.ended
  expect(ended.code).toBe(0)
  expect(jsonLines(ended.stdout)).toMatchObject([{ digest: large.digest, present: true }])
})

it.each([
  ['of another digest', ['--expected-digest', hello.digest]],
  ['without a digest', []],
])('%s is refused while the ref is being written; the error names the start', async (_, args) => {
  const w = workspace()
  const first = await startIngest(w, 'shared', expecting, half)
  const refused = await w.dist(['ingest', ...args, 'shared'], { stdin: 'hello' })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/^dist: .*shared.* since \d{4}-\d\d-\d\dT[\d:.]+Z\n$/)
  first.child.stdin?.end(content.subarray(half.length))
  expect((await first.ended).code).toBe(0)
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it with %i and leaves what can be resumed from a file', async (signal, code) => {
  const w = workspace()
  const running = await startIngest(w, 'cut', expecting, half)
  running.child.kill(signal)
  expect(await running.ended).toMatchObject({ code, stdout: '', stderr: '' })
  const [left] = await activeOf(w)
  expect(left).toMatchObject({ ref: 'cut', total: large.size, live: false })
  expect(left?.offset).toBeGreaterThan(0)
  // A file that lacks what was written already: only a resumed ingest can make the whole of it.
  const rest = Buffer.from(content)
  rest.fill(0, 0, left?.offset)
  const file = w.file('layer', rest)
  const resumed = await w.shell(`dist ingest ${expecting.join(' ')} cut < ${file}`)
  expect(resumed).toMatchObject({ code: 0, stdout: `${large.digest} ${large.size}\n` })
  expect(await activeOf(w)).toEqual([])
})

it('takes over from a writer that is killed while it waits for it', async () => {
  const w = workspace()
  const first = await startIngest(w, 'shared', expecting, half)
  const second = w.start(['ingest', ...expecting, 'shared'])
  second.child.stdin?.end(content)
  await second.said('for the same content; waiting')
  first.child.kill('SIGKILL')
  expect(await second.ended).toMatchObject({ code: 0, stdout: `${large.digest} ${large.size}\n` })
})

it('is refused by a writer that has not got a byte yet', async () => {
  const w = workspace()
  const first = w.start(['ingest', ...expecting, 'shared'])
  await waitFor(async () => (await activeOf(w)).length > 0, 'the write')
  const refused = await w.dist(['ingest', '--expected-digest', hello.digest, 'shared'], { stdin: 'hello' })
  expect(refused.code).toBe(1)
  first.child.stdin?.end(content)
  expect((await first.ended).code).toBe(0)
})

it('eight processes with the same content under refs of their own all succeed', async () => {
  const file = workspace().file('layer', content)
  const script = `seq 8 | xargs -P8 -I% sh -c 'dist ingest ${expecting.join(' ')} write-% < ${file}'`
  const ended = await workspace().shell(script)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toBe(`${large.digest} ${large.size}\n`.repeat(8))
  expect((await workspace().dist(['list', '-q'])).stdout).toBe(`${large.digest}\n`)
})

it('starts again from a pipe, and reads a file again when what was left is of other content', async () => {
  const w = workspace()
  for (const input of ['cat FILE | dist', 'dist']) {
    const wrong = await startIngest(w, 'cut', expecting, Buffer.alloc(half.length))
    wrong.child.kill('SIGKILL')
    await wrong.ended
    const command = `${input} ingest ${expecting.join(' ')} cut ${input === 'dist' ? '< FILE' : ''}`
    const ended = await w.shell(command.replace('FILE', w.file('layer', content)))
    expect(ended).toMatchObject({ code: 0, stdout: `${large.digest} ${large.size}\n` })
    await w.dist(['delete', large.digest])
  }
})

it('reads a file from where the shell has left it', async () => {
  const file = workspace().file('lines', 'first line\nhello')
  const script = `{ read -r skipped; dist ingest --expected-digest ${hello.digest} rest; } < ${file}`
  expect(await workspace().shell(script)).toMatchObject({ code: 0, stdout: `${hello.digest} 5\n` })
})

it('writes nothing outside of its store', async () => {
  await workspace().dist(['ingest', '../../escape'], { stdin: 'hello' })
  expect(readdirSync(workspace().root).sort()).toEqual(['bin', 'home', 'store'])
  expect(readdirSync(join(workspace().root, 'home'))).toEqual([])
})
