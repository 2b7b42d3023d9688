import type { Provider } from '@dist/content'
import { configPlatform } from '@dist/images'
import { type Descriptor, formatPlatform } from '@dist/oci'

/** The platform of a single manifest by its config, formatted. Empty if the config has none or cannot be read. */
export async function imagePlatforms(desc: Descriptor, provider: Provider): Promise<string[]> {
  const platform = await configPlatform(desc, provider)
  return platform === undefined ? [] : [formatPlatform(platform)]
}
