import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { linesOf, useWorkspace } from '../support/workspace.js'

type Registry = Awaited<ReturnType<typeof startRegistry>>

const stalled = seededLayer('never arrives', 1000)
const stalledImage = ociImage({ layers: [stalled] })
const many = Array.from({ length: 40 }, (_, i) => `many-${i}`)

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
  for (const tag of ['1', ...many]) registry.content.putImage('app', tag, singleImage)
  registry.content.putImage('app', 'stalled', stalledImage)
  registry.script({ path: `/v2/app/blobs/${stalled.descriptor.digest}` }, faults.stalledHeaders())
})
afterAll(() => registry[Symbol.asyncDispose]())

const workspace = useWorkspace()
const dist = (...args: string[]) => workspace().dist(args)
const ref = (tag: string) => `${registry.host}/app:${tag}`
const path = (file: string) => join(workspace().store, file)

interface Entry {
  annotations: Record<string, string>
}

const manifests = (): Entry[] => JSON.parse(readFileSync(path('index.json'), 'utf8')).manifests
const inIndex = () => manifests().map((entry) => entry.annotations['org.opencontainers.image.ref.name'])
const images = async () => linesOf((await dist('images', '-q')).stdout).sort()

/** A mirror that has published one image and waits for another. */
async function startMirror() {
  const mirror = workspace().start(['mirror', ref('1'), ref('stalled')])
  const hasName = () =>
    existsSync(path('names.journal')) && readFileSync(path('names.journal'), 'utf8') !== ''
  await waitFor(hasName, 'the first name')
  return mirror
}

it('S24 kill -9 of a mirror loses no published name, and the next command completes index.json', async () => {
  const mirror = await startMirror()
  mirror.child.kill('SIGKILL')
  await mirror.ended
  expect(inIndex()).toEqual([])
  expect(await images()).toEqual([ref('1')])
  // A command that only reads writes nothing.
  expect(inIndex()).toEqual([])
  expect((await dist('tag', ref('1'), 'example.com/mine:1')).code).toBe(0)
  expect(inIndex()).toEqual([ref('1'), 'example.com/mine:1'])
  expect(existsSync(path('names.journal'))).toBe(false)
})

it.each(['SIGINT', 'SIGTERM'] as const)('%s: index.json has what was published', async (signal) => {
  const mirror = await startMirror()
  mirror.child.kill(signal)
  expect((await mirror.ended).code).toBe(signal === 'SIGINT' ? 130 : 143)
  expect(inIndex()).toEqual([ref('1')])
  expect(existsSync(path('names.journal'))).toBe(false)
})

it('index.json follows a long mirror within seconds', async () => {
  await startMirror()
  const isFolded = () => inIndex().length === 1 && !existsSync(path('names.journal'))
  await waitFor(isFolded, 'the name in index.json, and no journal', 15_000)
})

it('two mirrors and many pulls into one store at the same time lose no name', async () => {
  const halves = [many.slice(0, 18), many.slice(18, 36)]
  const single = many.slice(36)
  const ended = await Promise.all([
    ...halves.map((tags) => dist('mirror', ...tags.map(ref))),
    ...single.map((tag) => dist('pull', ref(tag))),
  ])
  expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 0))
  const expected = many.map(ref).sort()
  expect(inIndex().sort()).toEqual(expected)
  expect(await images()).toEqual(expected)
})

it('an index.json on one line is converted, with all entries and fields of other tools', async () => {
  await dist('pull', ref('1'))
  const before = JSON.parse(readFileSync(path('index.json'), 'utf8'))
  const foreign = { ...singleImage.descriptor, annotations: { 'com.example.note': 'theirs' }, extra: [1] }
  const document = { ...before, manifests: [...before.manifests, foreign], annotations: { a: 'b' } }
  writeFileSync(path('index.json'), JSON.stringify(document))
  expect(await images()).toEqual([ref('1')])
  expect((await dist('tag', ref('1'), 'example.com/mine:1')).code).toBe(0)
  const text = readFileSync(path('index.json'), 'utf8')
  expect(linesOf(text)).toHaveLength(5)
  expect(JSON.parse(text)).toMatchObject({ manifests: [...document.manifests, {}], annotations: { a: 'b' } })
})

it('an end of the journal that a full disk cut off is ignored', async () => {
  const mirror = await startMirror()
  mirror.child.kill('SIGKILL')
  await mirror.ended
  const text = readFileSync(path('names.journal'), 'utf8')
  writeFileSync(path('names.journal'), `${text}${text.slice(0, 50)}`)
  expect((await dist('pull', ref('many-0'))).code).toBe(0)
  expect(inIndex()).toEqual([ref('1'), ref('many-0')])
})
