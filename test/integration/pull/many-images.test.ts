import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { amd64Image, indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { jsonLines, linesOf, usePulledStore, useWorkspace } from '../support/workspace.js'

const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushImage(url, 'amd64', '1', amd64Image)
})
const destination = useRegistry()
const workspace = useWorkspace()
const ref = (name: string) => `${registry().host}/${name}`
const dist = (...args: string[]) => workspace().dist(args)
const shell = (script: string) => workspace().shell(script)
const content = (file: string) => readFileSync(join(workspace().root, file))
const all = () => [ref('amd64:1'), ref('index:1'), ref('single:1')]

usePulledStore(workspace, () => ['--all-platforms', ...all()])

describe('dist images -q', () => {
  it('prints names alone, sorted', async () => {
    expect(await dist('images', '-q')).toMatchObject({ code: 0, stdout: `${all().join('\n')}\n`, stderr: '' })
  })
})

describe('dist export of many images', () => {
  it('--all and -f - bring all of them into one archive, the same to the last byte', async () => {
    expect((await dist('export', '--all', '-o', 'all.tar')).stdout.match(/ sha256:/g)).toHaveLength(3)
    await shell('dist images -q | dist export -f - -o piped.tar')
    expect(content('piped.tar').equals(content('all.tar'))).toBe(true)
    const imported = await shell('dist import --store other all.tar; dist images -q --store other')
    expect(linesOf(imported.stdout).slice(3)).toEqual(all())
  })

  it('takes files with comments, arguments besides, and each image once', async () => {
    workspace().file('images.txt', `# ours\n${ref('index:1')}  # both platforms\n\n${ref('single:1')}\n`)
    const ended = await dist('export', '--json', '-f', 'images.txt', '-o', 'out.tar', ref('single:1'))
    const [{ images = [] } = {}] = jsonLines<{ images: { name: string }[] }>(ended.stdout)
    expect(images.map(({ name }) => name)).toEqual([ref('index:1'), ref('single:1')])
  })

  it('xargs that calls it several times loses nothing in silence: all but the first are refused', async () => {
    const ended = await shell('dist images -q | xargs -n1 dist export -o f.tar')
    expect(ended.code).toBe(123)
    expect(ended.stderr.match(/f\.tar: exists already; [^\n]*--force/g)).toHaveLength(2)
    expect((await shell('dist import --store other f.tar')).stdout).toContain(ref('amd64:1'))
  })

  it('archives that xargs writes one behind the other into a stream are not imported as one', async () => {
    const ended = await shell(
      'dist images -q | xargs -n1 dist export > f.tar; dist import --store other f.tar',
    )
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain('another archive follows it in the same stream')
    expect((await shell('dist images --store other -q')).stdout).toBe('')
  })

  it('of several that are not there all are named, and no archive is made', async () => {
    const ended = await dist('export', '-o', 'out.tar', 'none:1', ref('single:1'), 'none:2')
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(ended.stderr).toMatch(/^dist: 2 images are not in the store: none:1, none:2; [^\n]+\n$/)
    expect((await shell('ls out.tar')).code).toBe(2)
  })

  it.each([
    ['nothing', [], 2],
    ['all, and one by name', ['--all', 'alpine'], 2],
    ['all, and a file', ['--all', '-f', 'empty.txt'], 2],
    ['a file without an image', ['-f', 'empty.txt'], 2],
    ['a file that is not there', ['-f', 'gone.txt'], 2],
    ['a line that can be no name', ['-f', 'bad.txt'], 2],
  ])('%s is refused: exit code 2', async (_, args) => {
    workspace().file('empty.txt', '# nothing\n\n')
    workspace().file('bad.txt', 'Not A Name\n')
    const ended = await dist('export', '-o', 'out.tar', ...args)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(/^dist: [^\n]+\n$/)
  })

  it('--all of a store without images: exit code 3', async () => {
    await dist('images', 'rm', ...all())
    const ended = await dist('export', '--all', '-o', 'out.tar')
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(ended.stderr).toContain(': it has no images')
  })
})

describe('dist push of many images', () => {
  const inside = (name: string) => `${destination().host}/inside/${name}`

  it('-f - with --to sends all of them below the prefix', async () => {
    const ended = await shell(`dist images -q | dist push -f - --to ${destination().host}/inside`)
    expect(ended.code, ended.stderr).toBe(0)
    expect(linesOf(ended.stdout)).toEqual([
      `${inside('amd64:1')} ${amd64Image.descriptor.digest}`,
      `${inside('index:1')} ${indexImage.descriptor.digest}`,
      `${inside('single:1')} ${singleImage.descriptor.digest}`,
    ])
    expect((await dist('resolve', inside('index:1'))).stdout).toContain(indexImage.descriptor.digest)
  })

  it('-f without --to sends each to where its name says', async () => {
    const [one, two] = [`${destination().host}/own/one:1`, `${destination().host}/own/two:1`]
    await dist('tag', ref('single:1'), one)
    await dist('tag', ref('amd64:1'), two)
    workspace().file('own.txt', `${one}\n${two}\n`)
    const ended = await dist('push', '-f', 'own.txt')
    expect(linesOf(ended.stdout)).toEqual([
      `${one} ${singleImage.descriptor.digest}`,
      `${two} ${amd64Image.descriptor.digest}`,
    ])
  })

  it('nothing is sent while one is not in the store', async () => {
    workspace().file('own.txt', `${ref('single:1')}\nnone:1\nnone:2\n`)
    const ended = await dist('push', '-f', 'own.txt', '--to', `${destination().host}/refused`)
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    expect(ended.stderr).toContain('none:1, none:2')
    expect((await dist('resolve', `${destination().host}/refused/single:1`)).code).toBe(3)
  })

  it('an argument besides -f that could mean a place is refused, and so is nothing at all', async () => {
    workspace().file('own.txt', `${ref('single:1')}\n`)
    workspace().file('empty.txt', '')
    expect((await dist('push', '-f', 'own.txt', `${destination().host}/elsewhere:1`)).code).toBe(2)
    expect((await dist('push')).code).toBe(2)
    const ended = await dist('push', '-f', 'empty.txt')
    expect(ended).toMatchObject({ code: 0, stdout: '' })
    expect(ended.stderr).toContain('nothing to push')
  })
})

describe('the guide', () => {
  it('carries all images over an air gap by its own lines', async () => {
    const guide = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
    const [, section = ''] = guide.split('## Over an air gap')
    const lines = (section.split('\n## ')[0] ?? '').match(/^ {4}\S.*$/gm) ?? []
    expect(lines).toHaveLength(7)
    workspace().file('references.txt', all().join('\n'))
    const script = lines
      .join('\n')
      .replaceAll('/srv/', `${workspace().root}/srv-`)
      .replaceAll('registry.inside', destination().host)
    const ended = await shell(`set -e\n${script}`)
    expect(ended.code, ended.stderr).toBe(0)
    const resolved = await dist('resolve', `${destination().host}/mirror/index:1`)
    expect(resolved.stdout).toContain(indexImage.descriptor.digest)
  })
})
