import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { amd64Image, indexImage, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { usePulledImages } from '../support/pulled-images.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { removeName } from '../support/store-files.js'
import { jsonLines, linesOf } from '../support/workspace.js'

const { registry, workspace, single, index, dist: local } = usePulledImages('--all-platforms')
const redis = useRedis()
const dist = (...args: string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })
const pathOf = (digest: string) => join(workspace().store, 'blobs', digest.replace(':', '/'))
const layer = singleImage.blobs.at(-1)?.descriptor.digest ?? ''
const quarantine = () => readdirSync(join(workspace().store, 'quarantine'))
/** A name at the registry, which does not have it. */
const absent = () => `${registry().host}/absent:1`
const names = async () => linesOf((await local('images', '-q')).stdout).sort()

it('services fetch damaged and missing content again, and publish the images as they were', async () => {
  const { coordinator } = await startServices(workspace(), redis().url)
  const before = (await local('images', '--json')).stdout
  truncateSync(pathOf(layer), 1000)
  writeFileSync(pathOf(amd64Image.descriptor.digest), 'damaged')
  rmSync(pathOf(indexImage.children[1]?.blobs[0]?.descriptor.digest ?? ''))
  const ended = await dist('verify', '--repair')
  expect(ended.code).toBe(0)
  expect(ended.stdout).toMatch(/^2 images: 0 done, 2 failed; verified/m)
  expect(ended.stdout).toMatch(/^2 images: 2 done; fetched/m)
  expect(ended.stderr).toMatch(/^dist: run \w+: repairs the images that need bad content$/m)
  expect(ended.stderr).toContain(`${layer}: set aside: `)
  expect(coordinator.stdout()).toContain('"msg":"name unpublished"')
  expect(await local('verify')).toMatchObject({ code: 0 })
  expect((await local('images', '--json')).stdout).toBe(before)
  expect(quarantine()).toHaveLength(2)
  const aside = quarantine().find((each) => each.startsWith(layer.replace(':', '-'))) ?? ''
  expect(statSync(join(workspace().store, 'quarantine', aside)).size).toBe(1000)
  const [repair, verification] = jsonLines<{ id: string }>((await dist('runs', '--json')).stdout)
  expect(repair).toMatchObject({ kind: 'repair', state: 'done' })
  expect(verification).toMatchObject({ kind: 'verify', repair: repair?.id })
  expect((await dist('verify', '--repair')).code).toBe(0)
})

it('what cannot be fetched stays unpublished until a later repair, and the others come back', async () => {
  await startServices(workspace(), redis().url)
  await local('tag', single(), absent())
  await removeName(workspace().store, single())
  truncateSync(pathOf(layer), 1000)
  rmSync(pathOf(amd64Image.blobs.at(-1)?.descriptor.digest ?? ''))
  const ended = await dist('verify', '--repair')
  expect(ended.code).toBe(6)
  expect(ended.stderr).toContain(`${absent()}: `)
  expect(await names()).toEqual([index()])
  expect((await local('images')).stderr).toContain(`${absent()}: unpublished until`)
  await local('pull', single())
  expect((await dist('verify', '--repair')).code).toBe(0)
  expect(await names()).toEqual([absent(), index(), single()].sort())
})
