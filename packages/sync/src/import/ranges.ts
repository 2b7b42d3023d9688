// An operator and a version with one to three numbers.
const comparison = /^([<>=!~^]*)\s*v?(\d+(?:\.\d+)*)(-[0-9A-Za-z.-]+)?(?:\+.*)?$/

/**
 * A range of regsync for `semver` with `prereleases: true`. regsync compares versions exactly, prereleases included: missing
 * numbers are 0, and the upper bound of `^` and `~` has the prereleases of the version that it excludes.
 */
export function exactRange(range: string): string {
  return range.trim().split(/\s+/).map(exactComparison).join(' ')
}

function exactComparison(text: string): string {
  const [, operator = '', given, prerelease = ''] = comparison.exec(text) ?? []
  if (given === undefined) return text
  const [major = 0, minor = 0, patch = 0] = given.split('.').map(Number)
  const low = `${padded(given)}${prerelease}`
  if (operator === '~') return `>=${low} <${major}.${minor + 1}.0`
  if (operator !== '^') return `${operator === '' ? '=' : operator}${low}`
  const high = major > 0 ? `${major + 1}.0.0` : minor > 0 ? `0.${minor + 1}.0` : `0.0.${patch + 1}`
  return `>=${low} <${high}`
}

function padded(numbers: string): string {
  const missing = 3 - numbers.split('.').length
  return `${numbers}${'.0'.repeat(Math.max(0, missing))}`
}

/** The alternatives of a range of Masterminds/semver: those without and those with prereleases. */
export function splitByPrereleases(range: string): { releases: string[]; all: string[] } {
  const groups = range.split('||').map((group) => group.trim())
  const names = (group: string) => /\d-[0-9A-Za-z]/.test(group)
  return {
    releases: groups.filter((group) => !names(group)),
    all: groups.filter(names).map(exactBounds),
  }
}

/** With prereleases, Masterminds compares bounds with missing numbers exactly. */
function exactBounds(group: string): string {
  return group.replace(
    /([<>]=?)\s*v?(\d+(?:\.\d+)?)(?![\d.xX*-])/g,
    (whole, operator: string, numbers: string) =>
      operator === '>=' || operator === '<' ? `${operator}${padded(numbers)}` : whole,
  )
}
