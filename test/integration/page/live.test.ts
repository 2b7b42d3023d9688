import { waitFor } from '@dist/testkit/servers'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { seriousFindings } from '../support/accessibility.js'
import { usePageWorld } from '../support/page-world.js'
import { startService } from '../support/services.js'

const world = await usePageWorld()

/** The tests share a dashboard. The run of many images is there before services are, so that it waits. */
let many = ''
let failing = ''

const shows = async (page: Page, text: string | RegExp) =>
  await page.locator('main').getByText(text).first().waitFor()

it('a run of 20,000 images is shown page by page, and searched', async () => {
  const references = [...Array(20_000).keys()].map((i) => `${world.registry.host}/many/app-${i}:1`)
  many = await world.submit(references)
  const page = await world.open(`/runs/${many}`)
  await shows(page, /20,000/)
  await shows(page, 'many/app-99:1')
  expect(await page.getByRole('row').count()).toBeLessThan(150)
  await page.getByLabel('Name', { exact: true }).fill('app-19999')
  await shows(page, 'many/app-19999:1')
  await page.goto(`${world.url}/`)
  await shows(page, /1 run under way/)
})

describe('the page', () => {
  it('is still while a menu is open', async () => {
    const page = await world.open('/runs')
    const status = page.getByRole('status')
    await status.getByText('● live').waitFor()
    await page.getByLabel('State').dispatchEvent('pointerdown', { bubbles: true, pointerType: 'mouse' })
    await status.getByText('still while a menu is open').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('heading', { name: 'Runs' }).dispatchEvent('pointerdown', { bubbles: true })
    await status.getByText('● live').waitFor()
  })

  it('says that its dashboard is gone, keeps what it has shown, and goes on when it is back', async () => {
    const env = { DIST_QUEUE: world.redis.url }
    const dashboard = startService(world.workspace, 'dashboard', { env })
    const url = await dashboard.url()
    const page = await (await world.open('/')).context().newPage()
    await page.goto(url)
    await shows(page, /1 run under way/)
    dashboard.running.child.kill('SIGKILL')
    await page.getByText('no connection').waitFor()
    await shows(page, /1 run under way/)
    const again = startService(world.workspace, 'dashboard', { env, args: ['--listen', new URL(url).host] })
    await again.logged('ready')
    await page.getByText('● live').waitFor()
    await page.close()
  })

  it('charts what was moved', async () => {
    await world.queue.runs.cancel(many)
    await world.startServices()
    failing = await world.submitFailing()
    await waitFor(
      async () => (await world.queue.runs.status(failing)).state === 'failed',
      'the failed run',
      30_000,
    )
    const page = await world.open('/')
    await page.getByRole('img', { name: /^Last hour: \d.* received, at most/ }).waitFor()
    await page.getByRole('img', { name: /^Last day: 2 images done/ }).waitFor()
    expect(await page.locator('.chart .amount').count()).toBeGreaterThan(2)
  })
})

describe('axe finds nothing serious', () => {
  const paths = [
    '/',
    '/runs',
    '/runs/FAILING',
    '/runs/FAILING/images/2',
    '/schedules',
    '/services',
    '/hosts',
    '/store',
    '/preview',
  ]
  const looks = [
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 400 },
  ] as const
  it.each(looks)(
    '$colorScheme, $width px wide, without scrolling sideways',
    async ({ colorScheme, width }) => {
      for (const path of paths) {
        const page = await world.open(path.replace('FAILING', failing))
        await page.setViewportSize({ width, height: 900 })
        await page.emulateMedia({ colorScheme })
        await page.locator('h1').waitFor()
        await waitFor(async () => (await page.locator('.loading').count()) === 0, `what ${path} loads`)
        expect(await seriousFindings(page), path).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(width)
      }
    },
  )
})
