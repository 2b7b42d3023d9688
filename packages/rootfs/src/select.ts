import { has, type Manager, type Provider } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { configPlatform, selectManifest } from '@dist/images'
import {
  type Descriptor,
  formatPlatform,
  hostPlatform,
  isIndexType,
  type Platform,
  platformMatches,
} from '@dist/oci'

export interface PlatformOptions {
  /** Default: of an index linux and this machine's architecture; a single manifest is taken as it is. */
  platform?: Platform | undefined
  signal?: AbortSignal | undefined
}

/**
 * The manifest of one platform: of an index the first that fits, else the descriptor itself. Throws `NOT_FOUND`,
 * naming the platforms that there are, when none fits or the one that does is not stored.
 */
export async function platformManifest(
  source: Provider & Pick<Manager, 'info'>,
  root: Descriptor,
  { platform, signal }: PlatformOptions,
): Promise<Descriptor> {
  const asked = platform ?? hostPlatform()
  const reading = { signal }
  const found = await selectManifest(root, asked, source, reading)
  if (!(await has(source, found)))
    throw new DistError(
      'NOT_FOUND',
      `${formatPlatform(asked)} of ${root.digest} is not in the store: pull the image for that platform`,
    )
  if (isIndexType(root.mediaType) || platform === undefined) return found
  const its = await configPlatform(found, source, reading)
  if (its !== undefined && platformMatches(platform, its)) return found
  const is = its === undefined ? 'names no platform' : `is for ${formatPlatform(its)}`
  throw new DistError('NOT_FOUND', `${root.digest} has nothing for ${formatPlatform(platform)}; it ${is}`)
}
