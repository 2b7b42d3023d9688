import { existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { amd64Image, indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { usePulledImages } from '../support/pulled-images.js'
import { removeName } from '../support/store-files.js'
import { jsonLines, linesOf } from '../support/workspace.js'

const { registry, workspace, single, index, dist } = usePulledImages('--all-platforms')
const pathOf = (digest: string) => join(workspace().store, 'blobs', digest.replace(':', '/'))
const layer = singleImage.blobs.at(-1)?.descriptor.digest ?? ''
const quarantine = () => readdirSync(join(workspace().store, 'quarantine'))

it('fetches damaged and missing content again, and publishes the images as they were', async () => {
  const before = (await dist('images', '--json')).stdout
  truncateSync(pathOf(layer), 1000)
  writeFileSync(pathOf(amd64Image.descriptor.digest), 'damaged')
  rmSync(pathOf(indexImage.children[1]?.blobs[0]?.descriptor.digest ?? ''))
  const ended = await dist('verify', '--repair')
  expect(ended).toMatchObject({ code: 0 })
  expect(linesOf(ended.stdout).slice(-2).sort()).toEqual([`${index()}  repaired`, `${single()}  repaired`])
  expect(ended.stderr).toContain(`${single()}: unpublished until it is repaired`)
  expect(await dist('verify')).toMatchObject({ code: 0 })
  expect((await dist('images', '--json')).stdout).toBe(before)
  expect(quarantine()).toHaveLength(2)
  const aside = quarantine().find((name) => name.startsWith(layer.replace(':', '-'))) ?? ''
  expect(statSync(join(workspace().store, 'quarantine', aside)).size).toBe(1000)
})

it('an image that has another root upstream now gets the content that it had', async () => {
  await pushImage(registry().url, 'moving', '1', singleImage)
  const moving = `${registry().host}/moving:1`
  await dist('pull', moving)
  await pushImage(registry().url, 'moving', '1', amd64Image)
  rmSync(pathOf(layer))
  const ended = await dist('verify', '--repair', '--json')
  expect(ended.code).toBe(0)
  expect(jsonLines((await dist('images', '--json')).stdout)).toContainEqual(
    expect.objectContaining({ name: moving, digest: singleImage.descriptor.digest, missing: [] }),
  )
})

it('what cannot be fetched stays unpublished, is kept by gc, and comes back with a later repair', async () => {
  await dist('tag', single(), '127.0.0.1:1/away:1')
  await removeName(workspace().store, single())
  truncateSync(pathOf(layer), 1000)
  const ended = await dist('verify', '--repair', '--host-patience', '1s')
  expect(ended.code).toBe(5)
  expect(ended.stdout).toContain('127.0.0.1:1/away:1  not repaired, stays unpublished: ')
  const images = await dist('images', '-q')
  expect(images.stdout).toBe(`${index()}\n`)
  expect((await dist('images')).stderr).toContain('127.0.0.1:1/away:1: unpublished until')
  expect(await dist('gc', '--grace', '0')).toMatchObject({ code: 0, stdout: '' })
  expect(existsSync(pathOf(singleImage.descriptor.digest))).toBe(true)
  await dist('pull', single())
  expect((await dist('verify', '--repair')).stdout).toContain('127.0.0.1:1/away:1  repaired')
  expect(linesOf((await dist('images', '-q')).stdout).sort()).toEqual(
    ['127.0.0.1:1/away:1', index(), single()].sort(),
  )
})

it('images rm drops an image that cannot be repaired', async () => {
  await dist('tag', single(), '127.0.0.1:1/away:1')
  await removeName(workspace().store, single())
  rmSync(pathOf(layer))
  expect((await dist('verify', '--repair')).code).toBe(5)
  expect(await dist('images', 'rm', '127.0.0.1:1/away:1')).toMatchObject({ code: 0 })
  expect((await dist('images')).stderr).toBe('')
  expect(linesOf((await dist('gc', '--grace', '0')).stdout)).toHaveLength(4)
})
