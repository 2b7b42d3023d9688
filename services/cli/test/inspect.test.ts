import type { DescriptorNode } from '@dist/mirror'
import { digestOf, mediaTypes } from '@dist/oci'
import { expect, it } from 'vitest'
import { treeLines } from '../src/images/inspect.js'

const node = (name: string, parts: Partial<DescriptorNode> = {}): DescriptorNode => ({
  desc: { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(name), size: 2048 },
  present: true,
  selected: true,
  children: [],
  ...parts,
})

it('each branch is drawn below its parent', () => {
  const tree = node('root', {
    children: [node('a', { children: [node('a1'), node('a2')] }), node('b', { children: [node('b1')] })],
  })
  const drawn = treeLines(tree).map((line) => line.replace(/layer.*/, '*'))
  expect(drawn).toEqual(['└─ *', '   ├─ *', '   │  ├─ *', '   │  └─ *', '   └─ *', '      └─ *'])
})

it.each([
  [{}, 'stored'],
  [{ present: false }, 'missing'],
  [{ present: false, selected: false }, 'not selected'],
  [{ damage: 'it is no JSON' }, 'damaged: it is no JSON'],
])('a node shows its state: %j', (parts, state) => {
  const [line = ''] = treeLines(node('x', parts))
  expect(line.endsWith(`  ${state}`)).toBe(true)
  expect(line).toContain(`${digestOf('x')}  2.0 KiB  ${mediaTypes.ociLayerGzip}`)
})

it('a node with a platform shows it', () => {
  const { desc } = node('x')
  const platform = { os: 'linux', architecture: 'arm', variant: 'v6' }
  expect(treeLines(node('x', { desc: { ...desc, platform } }))[0]).toContain('  linux/arm/v6  ')
})
