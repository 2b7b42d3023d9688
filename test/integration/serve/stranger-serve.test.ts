import { readFileSync } from 'node:fs'
import { indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { startRegistry } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { hostsFolder, pullByContainerd } from '../support/clients.js'
import { startContainerd } from '../support/containerd.js'
import { startServe } from '../support/serve.js'
import { forTest } from '../support/servers.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const page = readFileSync(new URL('../../../docs/serving.md', import.meta.url), 'utf8')

/** What the steps of docs/serving.md tell a reader to type, in this order. */
const told = [
  'dist pull --all-platforms ',
  'dist serve\n',
  '--print-config containerd ',
  'ctr images pull --hosts-dir ',
]

it('W12 A stranger mirrors images, points containerd at dist serve by the printed lines, pulls them, stops the source, and still pulls', async () => {
  const [, steps = ''] = page.split('## From a registry to containerd')
  const places = told.map((text) => steps.indexOf(text))
  expect([...places, steps.length]).toEqual([0, ...places, steps.length].sort((a, b) => a - b).slice(1))
  const source = await forTest(startRegistry())
  await pushImage(source.url, 'demo/hello', '1', indexImage)
  await pushImage(source.url, 'demo/other', '1', singleImage)
  const [hello, other] = [`${source.host}/demo/hello:1`, `${source.host}/demo/other:1`]
  expect(await workspace().dist(['pull', '--all-platforms', hello, other])).toMatchObject({ code: 0 })
  const serving = await startServe(workspace())
  const hosts = await hostsFolder(workspace(), { serving, flags: [] })
  const containerd = await forTest(startContainerd())
  source.clearRequests()
  await pullByContainerd(containerd, hosts, hello, indexImage)
  await source.settled()
  expect(source.requests()).toEqual([])
  await source.stop()
  await pullByContainerd(containerd, hosts, hello, indexImage)
  await pullByContainerd(containerd, hosts, other, singleImage)
})
