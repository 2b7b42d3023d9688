import type { Selection } from '@dist/content'
import type { PlatformRequest } from '@dist/images'
import { formatPlatform, parsePlatform } from '@dist/oci'

/** The platforms asked for; all of them unless some are named. */
export function requestedPlatforms(texts: readonly string[] | undefined): PlatformRequest {
  return texts === undefined ? 'all' : texts.map((text) => parsePlatform(text))
}

/** The same as a run records them: formatted, sorted, each once. */
export function selectionOf(platforms: PlatformRequest): Selection {
  return platforms === 'all' ? platforms : [...new Set(platforms.map(formatPlatform))].sort()
}
