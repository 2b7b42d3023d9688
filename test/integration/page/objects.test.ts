import { faults } from '@dist/testkit'
import { artifactOf, imageIndex, indexImage, ociImage, smallLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { markup, usePageWorld } from '../support/page-world.js'

const world = await usePageWorld()
const { host, content } = world.registry

/** The tests share a dashboard: each has what the ones before have made. */
let done = ''

const shows = (page: Page, part: string | RegExp) =>
  waitFor(async () => {
    const shown = await page.locator('main').innerText()
    return typeof part === 'string' ? shown.includes(part) : part.test(shown)
  }, `${part} on the page`)

const ended = (run: string) =>
  waitFor(async () => (await world.queue.runs.status(run)).state !== 'running', 'the end of the run')

describe('an image of a run', () => {
  it('has its tree with platforms, what refers to it, and its tries with their errors', async () => {
    await world.startServices()
    content.putImage('team/multi', '1', indexImage)
    const signature = artifactOf(indexImage, 'a signature')
    content.putImage('team/multi', signature.descriptor.digest, signature)
    const refused = world.put('team/refused', 5_000)
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: markup }] })
    world.registry.script({ path: '/v2/team/refused/blobs/' }, faults.status(403, {}, body))
    done = await world.queue.runs.submit({
      references: [`${host}/team/multi:1`, refused],
      platforms: 'all',
      referrers: true,
    })
    await ended(done)
    const page = await world.open(`/runs/${done}/images/0`)
    await shows(page, /index[\s\S]*manifest linux\/amd64[\s\S]*manifest linux\/arm64[\s\S]*layer/)
    await shows(page, /What refers to it[\s\S]*application\/vnd\.example\.signature/)
    await world.open(`/runs/${done}/images/1`)
    await shows(page, /Failed tries[\s\S]*w1/)
    expect(await page.getByRole('table', { name: 'Failed tries' }).innerText()).toMatch(/403|denied/i)
  })

  it('tells of a blob under way how fast it is, who fetches it, and of one that waits what for', async () => {
    const slow = await world.submitSlow()
    const page = await world.open(`/runs/${slow}/images/1`)
    await shows(page, /● active\s+[\d.]+ [KM]iB of 40\.0 MiB, [\d.]+ [KM]iB\/s by w1/)
    await world.queue.runs.cancel(slow)
  })
})

describe('the store', () => {
  it('is measured, and lists its entries, and its images by name and by what they need alone', async () => {
    const mirrors = [{ name: markup, from: `${host}/team/multi:1`, prune: true }]
    const text = JSON.stringify({ version: 1, mirrors })
    const sources = { text, language: 'json' } as const
    await ended(await world.queue.runs.submit({ references: [], platforms: 'all', sources }))
    const page = await world.open('/store')
    await shows(page, 'It was not measured yet')
    await page.getByRole('button', { name: 'Measure' }).click()
    await shows(page, /Saved by sharing\s+\d/)
    const entries = page.getByRole('table', { name: 'Entries of mirror files' })
    expect(await entries.innerText()).toContain(markup)
    await shows(page, /team\/multi:1\s+all/)
    await page.getByRole('searchbox').fill('none')
    await shows(page, 'No such image is in the store')
    await page.getByRole('searchbox').fill('team/mu')
    await shows(page, 'team/multi:1')
    expect(page.url()).toBe(`${world.url}/store?search=team%2Fmu`)
    await page.getByLabel('Order').selectOption('own')
    await waitFor(() => Promise.resolve(page.url().includes('order=own')), 'the order')
    await page.getByRole('link', { name: /team\/multi:1/ }).click()
    await shows(page, /manifest linux\/arm64[\s\S]*✓ present[\s\S]*What refers to it/)
    await page.getByRole('link', { name: 'who needs it' }).last().click()
    await shows(page, /that need sha256:[\s\S]*team\/multi:1\s+all/)
    await page.goBack()
    expect(page.url()).toBe(`${world.url}/store/${encodeURIComponent(`${host}/team/multi:1`)}`)
    await page.reload()
    await shows(page, 'removing it frees as much')
    await world.open('/')
    await shows(page, /for \d+ images?; .* saved by sharing/)
  })

  it('says that an image is not there', async () => {
    await shows(await world.open('/store/none%2Fnone'), 'has no such image')
  })
})

describe('a preview', () => {
  it('tells which tags fall out at which stage, and what a run would do', async () => {
    for (const tag of ['1.0', '1.1', '2.0-rc.1', 'latest'])
      content.putImage('team/app', tag, ociImage({ layers: [smallLayer(tag)] }))
    content.putImage('team/app', '1.2', imageIndex([ociImage({ layers: [smallLayer('two')] })]))
    const page = await world.open(`/preview?repository=${encodeURIComponent(`${host}/team/app`)}`)
    await page.getByLabel('Versions').fill('>=1')
    await page.getByLabel('Newest').fill('2')
    await page.keyboard.press('Enter')
    await shows(page, '5 tags: 2 selected, 2 not in the range of versions, 1 not among the newest.')
    await shows(page, /team\/app:1\.2\s+\+ new/)
    await shows(page, /latest\s+not in the range of versions/)
    expect(page.url()).toContain('semver=%3E%3D1&newest=2')
    await page.getByLabel('Versions').fill('nonsense')
    await page.getByRole('button', { name: 'Preview' }).click()
    await shows(page, 'is not a range of versions')
  })

  it('W8 of a list with markup shows it as text', async () => {
    const tags = JSON.stringify({ name: 'team/app', tags: ['1.0', markup] })
    const path = '/v2/team/app/tags/list'
    world.registry.script(
      { path },
      faults.withBody(() => Buffer.from(tags)),
    )
    const page = await world.open(`/preview?repository=${encodeURIComponent(`${host}/team/app`)}`)
    await page.getByRole('button', { name: 'Preview' }).click()
    await shows(page, '<img src=x')
    expect(await page.locator('main img, main script').count()).toBe(0)
  })

  it('is not there for who may only look', async () => {
    const page = await world.openReadOnly('/preview')
    await shows(page, 'You can only look')
    expect(await page.getByRole('button', { name: 'Preview' }).isDisabled()).toBe(true)
  })
})

describe('a host that pauses', () => {
  it('is asked again at the press of a button', async () => {
    const path = '/v2/team/paused/'
    world.registry.script({ path }, faults.status(429, { 'retry-after': '600' }))
    await world.submit([`${host}/team/paused:1`])
    const page = await world.open('/hosts')
    await shows(page, /‖ paused\s+ends in \d+ min/)
    world.registry.script({ path }, faults.status(404))
    await page.getByRole('button', { name: /Ask again now/ }).click()
    await page.getByText('Its next request tests whether it is back').waitFor()
    await waitFor(async () => !/paused/.test(await page.locator('main').innerText()), 'the end of the pause')
  })
})

describe('the pages', () => {
  it('W8 have run no script of a text, asked no other host, and had no error', () => {
    expect(world.breaches).toEqual([])
  })
})
