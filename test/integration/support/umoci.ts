import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { mediaTypes } from '@dist/oci'
import { allContent, type FixtureImage } from '@dist/testkit/fixtures'

const run = promisify(execFile)

/** Writes an image as an OCI layout with this one name: what umoci reads. */
export async function writeLayout(directory: string, tag: string, image: FixtureImage): Promise<void> {
  const { platform, ...descriptor } = image.descriptor
  const annotations = { 'org.opencontainers.image.ref.name': tag }
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...descriptor, ...(platform && { platform }), annotations }],
  }
  const files: [string, Uint8Array | string][] = [
    ['oci-layout', '{"imageLayoutVersion":"1.0.0"}'],
    ['index.json', JSON.stringify(index)],
    ...allContent(image).map((content): [string, Uint8Array] => [
      join('blobs', ...content.descriptor.digest.split(':')),
      Buffer.concat([...content.open()]),
    ]),
  ]
  for (const [path, content] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

/** Unpacks the image with umoci; resolves to what it says when it refuses. */
export async function umociUnpack(
  layout: string,
  tag: string,
  directory: string,
): Promise<string | undefined> {
  try {
    await run('umoci', ['raw', 'unpack', '--image', `${layout}:${tag}`, directory])
    return undefined
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string | undefined }
    if (code === 'ENOENT') throw new Error('umoci is missing: infra/setup.sh installs it', { cause: error })
    if (typeof code !== 'number') throw error
    return stderr ?? ''
  }
}
