import { isUnreadable, type Provider, type ReadOptions, readContent } from '@dist/content'
import {
  type Descriptor,
  isManifestType,
  maxManifestSize,
  type Platform,
  parseManifest,
  readPlatform,
} from '@dist/oci'

/**
 * The platform of a manifest by its config. Undefined if the config has none, or if the manifest or its config is missing
 * or cannot be read.
 */
export async function configPlatform(
  desc: Descriptor,
  provider: Provider,
  options: ReadOptions = {},
): Promise<Platform | undefined> {
  if (!isManifestType(desc.mediaType)) return undefined
  try {
    const content = await readContent(provider, desc, maxManifestSize, options)
    const manifest = parseManifest(content, desc.mediaType, desc.digest)
    if (manifest.kind !== 'manifest' || manifest.config === undefined) return undefined
    const config = await readContent(provider, manifest.config, maxManifestSize, options)
    return readPlatform(JSON.parse(Buffer.from(config).toString()))
  } catch (error) {
    // The config of an artifact need not be JSON.
    if (error instanceof SyntaxError || isUnreadable(error)) return undefined
    throw error
  }
}
