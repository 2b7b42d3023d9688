import { faults, startRegistry } from '@dist/testkit'
import { artifactOf, ociImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

const signature = artifactOf(singleImage, 'a signature').descriptor
const cosigned = ociImage({ layers: [seededLayer('signed by cosign', 300)] })
const tag = `${singleImage.descriptor.digest.replace(':', '-')}.sig`
const artifactType = 'application/vnd.example.signature'

async function signed() {
  const registry = await startRegistry({ referrers: 10 })
  registry.content.putImage('app', '1', singleImage)
  registry.content.putImage('app', signature.digest, artifactOf(singleImage, 'a signature'))
  registry.content.putImage('app', tag, cosigned)
  return registry
}

it('--referrers prints what refers to the manifest, with the artifact type or the tag of cosign', async () => {
  await using registry = await signed()
  const { descriptor } = cosigned
  const shown = await workspace().dist(['resolve', '--referrers', `${registry.host}/app:1`])
  expect(shown.stdout.split('\n').slice(1)).toEqual([
    `${artifactType} ${signature.mediaType} ${signature.digest} ${signature.size}`,
    `${tag} ${descriptor.mediaType} ${descriptor.digest} ${descriptor.size}`,
    '',
  ])
  const json = await workspace().dist(['resolve', '--json', '--referrers', `${registry.host}/app:1`])
  expect(jsonLines(json.stdout)).toMatchObject([
    {
      referrers: [
        { artifactType, digest: signature.digest },
        { tag, digest: descriptor.digest },
      ],
    },
  ])
})

it('--referrers notes what the registry does not tell', async () => {
  await using registry = await signed()
  registry.script({ path: '/referrers/' }, faults.status(403))
  registry.script({ path: `/manifests/${tag}` }, faults.status(403))
  const ended = await workspace().dist(['resolve', '--referrers', `${registry.host}/app:1`])
  expect(ended.code).toBe(0)
  expect(ended.stderr.match(/not all referrers are known/g)).toHaveLength(2)
})
