import { allContent, indexImage, ociImage, pushImage, singleImage, smallLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, linesOf, usePulledStore, useWorkspace } from '../support/workspace.js'

const base = smallLayer('base')
const [one, two] = [ociImage({ layers: [base] }), ociImage({ layers: [base, smallLayer('two')] })]
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'one', '1', one)
  await pushImage(url, 'two', '1', two)
  await pushImage(url, 'index', '1', indexImage)
  await pushImage(url, 'single', '1', singleImage)
})
const workspace = useWorkspace()
const ref = (name: string) => `${registry().host}/${name}:1`
const dist = (...args: string[]) => workspace().dist(args)
const amountOf = (contents: ReturnType<typeof allContent>) => ({
  objects: contents.length,
  bytes: contents.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
})
const without = (contents: ReturnType<typeof allContent>, others: ReturnType<typeof allContent>) =>
  contents.filter(({ descriptor }) => !others.some((each) => each.descriptor.digest === descriptor.digest))

usePulledStore(workspace, () => [ref('one'), ref('two')])

it('shows what images need, what they share, and what can be freed', async () => {
  await dist('pull', ref('single'))
  await dist('images', 'rm', ref('single'))
  const shared = allContent(one).filter(({ descriptor }) =>
    allContent(two).some((each) => each.descriptor.digest === descriptor.digest),
  )
  const all = [...allContent(one), ...without(allContent(two), allContent(one))]
  const [usage] = jsonLines((await dist('df', '--json')).stdout)
  expect(usage).toEqual({
    images: 2,
    needed: amountOf(all),
    shared: amountOf(shared),
    reclaimable: amountOf(allContent(singleImage)),
    total: amountOf([...all, ...allContent(singleImage)]),
    abandoned: { objects: 0, bytes: 0 },
    complete: true,
  })
  const lines = linesOf((await dist('df')).stdout)
  expect(lines[0]).toMatch(/^CONTENT +OBJECTS +SIZE$/)
  expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
    ...['CONTENT', 'images (2)', 'shared', 'reclaimable', 'total', 'abandoned writes'],
  ])
})

it('--images lists what each image needs alone', async () => {
  const lines = jsonLines((await dist('df', '--images', '--json')).stdout)
  expect(lines.slice(0, 2)).toEqual([
    {
      name: ref('two'),
      all: amountOf(allContent(two)),
      own: amountOf(without(allContent(two), allContent(one))),
    },
    {
      name: ref('one'),
      all: amountOf(allContent(one)),
      own: amountOf(without(allContent(one), allContent(two))),
    },
  ])
  await dist('tag', ref('two'), 'again:2')
  const again = jsonLines((await dist('df', '--images', '--json')).stdout)
  expect(again.filter(({ name }) => name !== ref('one')).slice(0, 2)).toMatchObject([
    { own: { objects: 0, bytes: 0 } },
    { own: { objects: 0, bytes: 0 } },
  ])
})

it('images rm tells how much a collection of garbage can delete', async () => {
  const own = without(allContent(two), allContent(one))
  const removed = await dist('images', 'rm', ref('two'))
  expect(removed).toMatchObject({ code: 0, stdout: `${ref('two')}\n` })
  expect(removed.stderr).toContain(`dist gc can delete ${own.length} objects`)
  expect(linesOf((await dist('gc', '--grace', '0')).stdout)).toHaveLength(own.length)
  await dist('tag', ref('one'), 'again:2')
  expect((await dist('images', 'rm', ref('one'))).stderr).toContain('other images need all of the content')
})

it('names the images of manifests that cannot be read', async () => {
  await dist('pull', '--all-platforms', ref('index'))
  const child = indexImage.children[0]?.descriptor.digest ?? ''
  await dist('delete', '--force', child)
  expect((await dist('df')).stderr).toBe('')
  await dist('pull', '--all-platforms', ref('index'))
  const [, path = ''] = (await dist('path', child)).stdout.trim().split(' ')
  await workspace().shell(`rm ${path}`)
  const ended = await dist('df', '--json')
  expect(ended.code).toBe(0)
  expect(ended.stderr).toContain(ref('index'))
  expect(jsonLines(ended.stdout)).toMatchObject([{ complete: false }])
})

it('--entries lists what the images of each entry need alone', async () => {
  const text = `
version: 1
mirrors:
  - { name: pruned, from: ${ref('one')}, prune: true }
  - { name: other, from: ${ref('index')} }
`
  await dist('mirror', '-f', workspace().file('dist.yaml', text))
  const entries = jsonLines((await dist('df', '--entries', '--json')).stdout)
  const of = (wanted: string | undefined) => entries.find(({ entry }) => entry === wanted)
  expect(entries).toHaveLength(3)
  expect(of('other')).toMatchObject({ images: 1, own: amountOf(uniqueOf(allContent(indexImage))) })
  expect(of('pruned')).toMatchObject({
    images: 1,
    all: amountOf(allContent(one)),
    own: amountOf(without(allContent(one), allContent(two))),
  })
  // Pulled by hand.
  expect(of(undefined)).toMatchObject({ images: 1, all: amountOf(allContent(two)) })
  expect((await dist('df', '--entries')).stdout).toMatch(/^ENTRY +IMAGES +SIZE +OWN\nother +1 /)
  expect((await dist('df', '--entries', '--images')).code).toBe(2)
})

function uniqueOf(contents: ReturnType<typeof allContent>) {
  return [...new Map(contents.map((each) => [each.descriptor.digest, each])).values()]
}
