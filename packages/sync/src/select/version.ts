/** The version that a tag names. */
export interface Version {
  /** At least one number. */
  readonly numbers: readonly number[]
  /** The parts between dots behind the first dash; empty for a release. */
  readonly prerelease: readonly string[]
}

// Semantic Versioning, with a leading v, and with any number of numbers. A tag has no "+": as in Helm, "_" stands for it.
const grammar = /^v?(\d{1,15}(?:\.\d{1,15})*)(?:-([0-9A-Za-z.-]+))?(?:[+_][\w.+-]*)?$/

/**
 * The version of a tag: `v1.2.3`, `1.2` (which is 1.2.0), `22.04`, `1.2.3.4`, `1.2-rc.1`, `1.2.3_build`. Undefined for a tag
 * that is not a version, such as `latest`.
 */
export function parseVersion(tag: string): Version | undefined {
  const [, numbers, prerelease] = grammar.exec(tag) ?? []
  if (numbers === undefined) return undefined
  return {
    numbers: numbers.split('.').map(Number),
    prerelease: prerelease === undefined ? [] : prerelease.split('.'),
  }
}

/** The order of versions: missing numbers are 0, a prerelease is before its release, build metadata does not count. */
export function compareVersions(a: Version, b: Version): number {
  for (let index = 0; index < Math.max(a.numbers.length, b.numbers.length); index++) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length
  return comparePrereleases(a.prerelease, b.prerelease)
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    const difference = compareParts(part, other)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/**
 * Numbers are before texts, as in Semantic Versioning. Numbers inside texts count as numbers, which it does not have:
 * `rc10` is after `rc9`.
 */
function compareParts(a: string, b: string): number {
  const [left, right] = [isNumber(a), isNumber(b)]
  if (left !== right) return left ? -1 : 1
  const [ours, theirs] = [chunks(a), chunks(b)]
  for (const [index, chunk] of ours.entries()) {
    const other = theirs[index]
    if (other === undefined) return 1
    if (chunk === other) continue
    if (isNumber(chunk) && isNumber(other) && Number(chunk) !== Number(other))
      return Number(chunk) - Number(other)
    return chunk < other ? -1 : 1
  }
  return ours.length - theirs.length
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}

/** `alpine3` is `alpine` and `3`. */
function chunks(text: string): readonly string[] {
  return text.match(/\d+|\D+/g) ?? []
}
