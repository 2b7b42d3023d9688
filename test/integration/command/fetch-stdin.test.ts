import { allContent, fixtureBlob, pushImage, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { startScripted } from '../support/scripted.js'
import { useRegistry } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const registry = useRegistry(({ url }) => pushImage(url, 'app', '1.0', singleImage))
const workspace = useWorkspace()
const absent = fixtureBlob('never pushed').descriptor

interface Answer {
  header: string
  body?: Buffer | undefined
}

/** Reads the stream: a header, the number of bytes that it gives, a newline. */
function answersOf(stream: Buffer): Answer[] {
  const answers: Answer[] = []
  for (let at = 0; at < stream.length; ) {
    const end = stream.indexOf('\n', at)
    const header = stream.subarray(at, end).toString()
    at = end + 1
    if (header.endsWith(' missing')) {
      answers.push({ header })
      continue
    }
    const size = Number(header.split(' ')[2])
    answers.push({ header, body: stream.subarray(at, at + size) })
    expect(stream[at + size]).toBe('\n'.charCodeAt(0))
    at += size + 1
  }
  return answers
}

const fetchLines = (lines: readonly string[], host = registry().host) =>
  workspace().dist(['fetch', '--stdin', `${host}/app`], { stdin: lines.map((line) => `${line}\n`).join('') })

it('answers each line with digest, media type, size and the bytes', async () => {
  const contents = allContent(singleImage)
  const lines = contents.map(({ descriptor }) => `${descriptor.digest} mediatype:${descriptor.mediaType}`)
  const ended = await fetchLines([...lines, '1.0'])
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const answers = answersOf(ended.bytes)
  expect(answers).toHaveLength(contents.length + 1)
  for (const [i, content] of contents.entries()) {
    const { digest, size } = content.descriptor
    expect(answers[i]?.header).toMatch(new RegExp(`^${digest} \\S+ ${size}$`))
    expect(answers[i]?.body?.equals(Buffer.concat([...content.open()]))).toBe(true)
  }
  const { digest, mediaType, size } = singleImage.descriptor
  expect(answers.at(-1)?.header).toBe(`${digest} ${mediaType} ${size}`)
})

it('reports what is missing, and continues', async () => {
  const ended = await fetchLines([`${absent.digest} type:blob`, 'no-such-tag', '', '1.0'])
  expect(ended.code).toBe(0)
  expect(answersOf(ended.bytes).map(({ header }) => header)).toEqual([
    `${absent.digest} missing`,
    'no-such-tag missing',
    expect.stringContaining(singleImage.descriptor.digest),
  ])
})

it('answers a line before it reads the next one', async () => {
  const running = workspace().start(['fetch', '--stdin', `${registry().host}/app`])
  running.child.stdin?.write('1.0\n')
  await running.said(singleImage.descriptor.digest)
  running.child.stdin?.write('no-such-tag\n')
  await running.said('no-such-tag missing')
  running.child.stdin?.end()
  expect((await running.ended).code).toBe(0)
})

it('a body that does not verify ends the stream with 5', async () => {
  const wanted = fixtureBlob('aaaa').descriptor
  await using liar = await startScripted((_, response) => response.end('bbbb'))
  const ended = await fetchLines([`${wanted.digest} type:blob`, `${wanted.digest} type:blob`], liar.host)
  expect(ended.code).toBe(5)
  expect(liar.requests).toHaveLength(1)
})

it('gives the size of a body that comes without Content-Length', async () => {
  const wanted = fixtureBlob('in pieces').descriptor
  await using chunked = await startScripted((_, response) => {
    response.write('in ')
    response.end('pieces')
  })
  const ended = await fetchLines([`${wanted.digest} type:blob`], chunked.host)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toBe(`${wanted.digest} application/octet-stream 9\nin pieces\n`)
})

it('a line that names no object is a usage error with the line number', async () => {
  const ended = await fetchLines(['1.0', 'sha256:abc'])
  expect(ended.code).toBe(2)
  expect(ended.stderr).toContain('line 2 of stdin')
  expect(answersOf(ended.bytes)).toHaveLength(1)
})

it('rejects an object as argument with --stdin', async () => {
  expect((await workspace().dist(['fetch', '--stdin', `${registry().host}/app`, '1.0'])).code).toBe(2)
  expect((await workspace().dist(['fetch', `${registry().host}/app`])).code).toBe(2)
})
