import { DistError, sanitize } from '@dist/errdefs'

/** OCI image index, "platform". */
export interface Platform {
  architecture: string
  os: string
  variant?: string | undefined
  'os.version'?: string | undefined
  'os.features'?: readonly string[] | undefined
}

// Maps, not objects: an architecture may be called "constructor".
const architectures: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['aarch64', 'arm64'],
  ['i386', '386'],
  ['i686', '386'],
  ['armhf', 'arm'],
  ['armel', 'arm'],
])
const goNames: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['ia32', '386'],
  ['ppc64', 'ppc64le'],
  ['mipsel', 'mipsle'],
])

/** The platform of images for this machine: always linux, with `process.arch` in Go's spelling. */
export function hostPlatform(arch: string = process.arch): Platform {
  return normalizePlatform({ os: 'linux', architecture: goNames.get(arch) ?? arch })
}

/** Parses `os/arch[/variant]`. Throws `INVALID_ARGUMENT`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/')
  const [os, architecture, variant] = parts
  if (parts.length > 3 || !os || !architecture || !parts.every((p) => /^\w[\w.-]*$/.test(p))) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(text, 100)}" is not a platform: expected os/arch[/variant], such as linux/arm64`,
    )
  }
  return normalizePlatform(variant === undefined ? { os, architecture } : { os, architecture, variant })
}

/**
 * Reads the platform of a descriptor or a configuration. Undefined if it is missing, incomplete or invalid: the rest of the
 * document stays valid.
 */
export function readPlatform(value: unknown): Platform | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = value as RawPlatform
  const names = [nameIn(os), nameIn(architecture), variant == null ? '' : nameIn(String(variant))]
  const [osName, architectureName, variantName] = names
  if (!osName || !architectureName || variantName === undefined) return undefined
  return {
    os: osName,
    architecture: architectureName,
    ...(variantName === '' ? {} : { variant: variantName }),
    ...(typeof version === 'string' ? { 'os.version': version } : {}),
    ...(Array.isArray(features) ? { 'os.features': features.filter((f) => typeof f === 'string') } : {}),
  }
}

interface RawPlatform {
  readonly os?: unknown
  readonly architecture?: unknown
  readonly variant?: unknown
  readonly 'os.version'?: unknown
  readonly 'os.features'?: unknown
}

// Rejects characters that could make one platform look like another, or break a line.
function nameIn(part: unknown): string | undefined {
  const name = typeof part === 'string' ? part.trim() : undefined
  return name !== undefined && /^[!-.0-~]{0,100}$/.test(name) ? name : undefined
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalizePlatform(platform)
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`
}

/** The same spelling for equal platforms: arm is arm/v7, arm64/v8 is arm64, amd64/v1 is amd64 (containerd's rules). */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: given, ...rest } = platform
  const lowerOs = platform.os.toLowerCase()
  const os = lowerOs === 'macos' ? 'darwin' : lowerOs
  const lower = platform.architecture.toLowerCase()
  const architecture = architectures.get(lower) ?? lower
  const variant = normalizeVariant(architecture, lower, given?.toLowerCase())
  return { ...rest, os, architecture, ...(variant === undefined ? {} : { variant }) }
}

function normalizeVariant(
  architecture: string,
  spelled: string,
  variant: string | undefined,
): string | undefined {
  const numbered = variant !== undefined && /^\d+$/.test(variant) ? `v${variant}` : variant || undefined
  if (architecture === 'arm64') return numbered === 'v8' ? undefined : numbered
  if (architecture === 'amd64') return numbered === 'v1' ? undefined : numbered
  if (spelled === 'armhf') return 'v7'
  if (spelled === 'armel') return 'v6'
  if (architecture === 'arm') return numbered ?? 'v7'
  return numbered
}

/** Whether a platform is the wanted one. Ignores `os.version`: all versions match. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  return formatPlatform(wanted) === formatPlatform(offered)
}

/** Whether a child of an index belongs to another child, and not to a machine: BuildKit's attestations. */
export function isUnknownPlatform(platform: Platform): boolean {
  return [platform.os, platform.architecture].every((part) => part.toLowerCase() === 'unknown')
}
