import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { usePageWorld } from '../support/page-world.js'

const world = await usePageWorld()

it('the images of a run follow the stream: their table asks nothing itself, and is still under the pointer', async () => {
  await world.startServices()
  const run = await world.submitSlow()
  const page = await world.open(`/runs/${run}`)
  const table = page.getByRole('table', { name: 'Images, in the order of the request' })
  const row = (name: string) => table.getByRole('row').filter({ hasText: name })
  await row('team/small').getByText('done').waitFor()
  await row('team/large').getByText('active').waitFor()
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await row('team/large').hover()
  await world.queue.runs.cancel(run)
  await page.getByText('still while you point').waitFor()
  await waitFor(async () => (await world.queue.runs.status(run)).state === 'canceled', 'the canceled run')
  expect(await row('team/large').innerText()).toContain('active')
  await page.getByRole('heading', { name: 'Images' }).hover()
  await row('team/large').getByText('canceled').waitFor()
  expect(asked.filter((url) => url.includes('/images'))).toEqual([])
})
