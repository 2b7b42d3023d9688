import type { PlatformRequest } from '@dist/images'
import { narrowed, type Source } from '@dist/mirror'

/** What is asked of which source: of one platform its manifest goes alone. */
export function narrowedTo(
  asked: PlatformRequest,
  source: Source,
): { source: Source; platforms: PlatformRequest } {
  if (asked === 'all') return { source, platforms: asked }
  const [first, ...others] = asked
  if (first === undefined || others.length > 0) return { source, platforms: asked }
  return { source: narrowed(source, first), platforms: 'all' }
}
