import { waitFor } from '@dist/testkit/servers'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { markup, signIn, usePageWorld } from '../support/page-world.js'
import { password, userLine } from '../support/people.js'

const world = await usePageWorld()

/** The tests share a dashboard. Those of the empty queue come first, and then each has what the ones before have made. */
let failing = ''
let slow = ''

const text = (page: Page) => page.locator('main').innerText()
const shows = (page: Page, part: string | RegExp) =>
  waitFor(async () => {
    const shown = await text(page)
    return typeof part === 'string' ? shown.includes(part) : part.test(shown)
  }, `${part} on the page`)

/** Opens a place. */
async function look(path: string, see: (page: Page) => Promise<void>): Promise<void> {
  await see(await world.open(path))
}

describe('with an empty queue', () => {
  it.each([
    ['/', ['Nothing runs', 'No coordinator is alive', 'No image has failed']],
    ['/runs', ['There is no run yet']],
    ['/schedules', ['There is no schedule']],
    ['/services', ['Nothing is written', 'schedules']],
    ['/hosts', ['all others']],
    ['/runs/nothing', ['cannot be shown']],
    ['/runs?state=failed', ['No run is like this']],
  ])('%s says so', async (path, parts) => {
    await look(path, async (page) => {
      for (const part of parts) await shows(page, part)
    })
  })
})

describe('with a run that has failed, and one that goes', () => {
  it('the overview tells both, and leads to what failed', async () => {
    await world.startServices()
    failing = await world.submitFailing()
    await waitFor(async () => (await world.queue.runs.status(failing)).state === 'failed', 'the failed run')
    slow = await world.submitSlow()
    await look('/', async (page) => {
      await shows(page, /1 run under way.*4 images failed within a day/)
      await shows(page, /1 coordinator alive\s+1 worker alive/)
      await page
        .getByRole('row', { name: /does not have it/ })
        .getByRole('link')
        .click()
      await shows(page, 'Why images failed')
      expect(page.url()).toMatch(new RegExp(`/runs/${failing}\\?cause=\\w+$`))
      await shows(page, 'absent/three:1')
      expect(await page.getByRole('row', { name: /team\/web/ }).count()).toBe(0)
      await page.goBack()
      await shows(page, 'Overview')
    })
  })

  it('the list shows a failed run as failed, and filters by the URL', async () => {
    await look('/runs', async (page) => {
      await shows(page, slow.slice(0, 10))
      const failed = page.getByRole('row').filter({ hasText: failing.slice(0, 10) })
      expect(await failed.locator('.state').innerText()).toBe('✕ failed')
      await page.getByLabel('State').selectOption('running')
      await waitFor(async () => (await page.getByRole('row').count()) === 2, 'one run')
      expect(page.url()).toBe(`${world.url}/runs?state=running`)
    })
  })

  it('a run has its images by state and name, and how far it is', async () => {
    await look(`/runs/${failing}?state=failed&search=absent/t`, async (page) => {
      await shows(page, 'absent/two:1')
      expect(await text(page)).not.toContain('team/web:1')
      expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('absent/t')
      await page.getByLabel('Name', { exact: true }).fill('absent/th')
      await waitFor(async () => !/absent\/two/.test(await page.locator('tbody').innerText()), 'the search')
      expect(page.url()).toContain('search=absent%2Fth')
    })
    await look(`/runs/${slow}`, (page) => shows(page, /● running[\s\S]*KiB\/s/))
  })

  it('an image has its blobs with the worker that fetches', async () => {
    await look(`/runs/${slow}/images/1`, (page) => shows(page, /layer\s+40\.0 MiB\s+● active[\s\S]*by w1/))
    await look(`/runs/${failing}/images/2`, (page) => shows(page, /does not have it[\s\S]*Check the name/))
  })

  it('services, hosts and transfers are there', async () => {
    await look('/services', (page) => shows(page, /worker w1\s+✓ alive[\s\S]*of 40\.0 MiB/))
    await look('/hosts', (page) => shows(page, /all others\s+open\s+\d+ requests at a time/))
  })

  it('W8 names and errors with markup stay text', async () => {
    for (const path of ['/', `/runs/${failing}`, `/runs/${failing}/images/5`])
      await look(path, async (page) => {
        await shows(page, path === '/' ? 'onerror=alert(1)' : markup)
        expect(await page.locator('img, main script').count()).toBe(0)
      })
    await look(`/runs/${failing}?search=${encodeURIComponent(markup)}`, (page) => shows(page, markup))
  })

  it('a list is still while the pointer is on it', async () => {
    await look('/runs', async (page) => {
      await shows(page, slow.slice(0, 10))
      await page.getByRole('row').nth(1).hover()
      await shows(page, 'Runs')
      await page.getByText('still while you point').waitFor()
      const another = await world.submit([`${world.registry.host}/absent/four:1`])
      await waitFor(async () => (await world.queue.runs.status(another)).state === 'failed', 'another run')
      // The same question as that of the page, which is answered at the same moment.
      await page.evaluate(
        (run) =>
          new Promise<void>((resolve) => {
            const source = new EventSource('/api/v1/live?ask=/runs?limit=50')
            source.addEventListener('answer', (event) => {
              if (!String((event as MessageEvent).data).includes(run)) return
              source.close()
              resolve()
            })
          }),
        another,
      )
      expect(await text(page)).not.toContain(another.slice(0, 10))
      await page.getByRole('heading', { name: 'Runs' }).hover()
      await shows(page, another.slice(0, 10))
    })
  })
})

describe('buttons', () => {
  it('are reached by keyboard: retry, and cancel after a question', async () => {
    await look(`/runs/${slow}`, async (page) => {
      const cancel = page.getByRole('button', { name: 'Cancel', exact: true })
      await cancel.waitFor()
      await tabTo(page, 'Cancel')
      await page.keyboard.press('Enter')
      await page.getByText('Cancel this run?').waitFor()
      await page.keyboard.press('Escape')
      await cancel.waitFor()
      await tabTo(page, 'Cancel')
      await page.keyboard.press('Enter')
      await tabTo(page, 'Cancel the run', 'Shift+Tab')
      await page.keyboard.press('Enter')
      await shows(page, '– canceled')
      await tabTo(page, 'Retry all')
      await page.keyboard.press('Enter')
      await page.getByText('of this run runs again').waitFor()
      await shows(page, '● running')
    })
  })

  it('retry the images of one cause', async () => {
    world.put('absent/one')
    await look(`/runs/${failing}`, async (page) => {
      const cause = page.locator('.causes li').filter({ hasText: 'does not have it' })
      await cause.getByRole('button', { name: /^Retry these/ }).click()
      await page.getByText('3 images run again').waitFor()
      await shows(page, '3 of 6 images done')
    })
  })

  it('W9 do nothing for another origin', async () => {
    const headers = {
      authorization: `Basic ${Buffer.from('ops:secret').toString('base64')}`,
      origin: 'http://evil.example',
    }
    const cancel = `${world.url}/api/v1/runs/${slow}/cancel`
    expect((await fetch(cancel, { method: 'POST', headers })).status).toBe(403)
    expect((await world.queue.runs.status(slow)).state).toBe('running')
  })

  it('are not there for who may only look', async () => {
    const page = await world.openReadOnly(`/runs/${slow}`)
    await shows(page, 'You can only look')
    expect(await page.getByRole('button', { name: /Cancel|Retry/ }).count()).toBe(0)
  })
})

describe('users', () => {
  it('sign in where they are, see what their role may do and why not more, and sign out', async () => {
    const lines = [userLine('ann'), userLine('bob', 'operator')]
    const page = await world.openWithUsers(`/runs/${slow}`, lines)
    await signIn(page, 'ann', 'wrong')
    await page.getByText('Not signed in: the user name or the password is wrong').waitFor()
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await shows(page, 'You can only look: you have the role viewer')
    expect(page.url()).toMatch(new RegExp(`/runs/${slow}$`))
    expect(await page.getByRole('button', { name: /Cancel|Retry/ }).count()).toBe(0)
    await page.getByText('ann (viewer)').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('You have signed out').waitFor()
    await signIn(page, 'bob', password)
    await page.getByRole('button', { name: 'Cancel' }).waitFor()
    await page.getByRole('link', { name: 'Services' }).click()
    await shows(page, 'Some buttons need the role admin; you have the role operator')
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0)
  })

  it('are led to the form by pages of the server, and back; the end of a session brings the form', async () => {
    const page = await world.openWithUsers('/api/v1/', [userLine('cy', 'admin')])
    await signIn(page, 'cy', password)
    await page.getByRole('heading', { name: 'The API of dist' }).waitFor()
    await page.goto(new URL('/hosts', page.url()).href)
    await shows(page, 'all others')
    world.workspace.file('users', `${userLine('dan')}\n`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
})

describe('the page', () => {
  it('says that Redis is away, and goes on when it is back', async () => {
    await look('/', async (page) => {
      await shows(page, '1 run under way')
      await world.redis.kill()
      await page.getByText('no connection').waitFor()
      await page.getByText('The page tries again by itself').waitFor()
      await shows(page, '1 run under way')
      await world.redis.start()
      await page.getByText('● live').waitFor()
    })
  })

  it('is kept by browsers under names that change with it, below 150 KB', async () => {
    const page = await fetch(`${world.url}/runs`, {
      headers: { authorization: `Basic ${Buffer.from('ops:secret').toString('base64')}` },
    })
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self';.*style-src 'self';/)
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(page.headers.get('etag')).not.toBeNull()
    const files = [...(await page.text()).matchAll(/"(\/page\/[\w.-]+)"/g)].map(([, path]) => path)
    expect(files).toHaveLength(2)
    for (const file of files) {
      const answer = await fetch(world.url + file, {
        headers: { authorization: `Basic ${Buffer.from('ops:secret').toString('base64')}` },
      })
      expect(answer.headers.get('cache-control')).toContain('immutable')
      expect((await answer.arrayBuffer()).byteLength).toBeLessThan(150_000)
    }
  })

  it('has run no script of a text, asked no other host, and had no error', () => {
    expect(world.breaches).toEqual([])
  })
})

/** Presses Tab until a button has the focus. */
async function tabTo(page: Page, label: string, key = 'Tab'): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const focused = await page.evaluate('document.activeElement?.textContent ?? ""')
    if (String(focused).startsWith(label) && (label !== 'Cancel' || focused === label)) return
    await page.keyboard.press(key)
  }
  throw new Error(`Tab does not reach ${label}`)
}
