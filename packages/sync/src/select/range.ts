import { DistError, sanitize } from '@dist/errdefs'
import { compareVersions, type Version } from './version.js'

/** Whether a version is in a range. */
export type Range = (version: Version) => boolean

type Operator = '<' | '<=' | '>' | '>=' | '=' | '!='

// One comparison: an operator, and a version whose last numbers may be missing, "x" or "*".
const comparison =
  /^(<=|>=|=<|=>|!=|==|~>|[<>=!~^]?)\s*v?((?:\d{1,15}|[xX*])(?:\.(?:\d{1,15}|[xX*]))*)(?:-([0-9A-Za-z.-]+))?(?:\+[\w.-]*)?(?:\s*,\s*|\s+|$)/
const hyphen = /^(\S+)\s+-\s+(\S+)$/

/**
 * A range of versions: comparisons (`>=1.2`, `<2`, `!=1.5.1`), all of which hold; `~1.2.3` (from 1.2.3, below 1.3), `^1.2.3`
 * (from 1.2.3, below 2), `1.2.x` or `1.2`, `1.2 - 1.5`; `||` between alternatives. Blanks and commas mean "and". A bound
 * with missing numbers includes its prereleases below and excludes them above: `>=2 <3` has 2.0.0-rc1, but not 3.0.0-rc1. A
 * bound with three numbers compares exactly. Throws `INVALID_ARGUMENT`.
 */
export function compileRange(text: string): Range {
  const alternatives = text.split('||').map((part) => all(part.trim(), text))
  return (version) => alternatives.some((holds) => holds(version))
}

/** A range of which all parts hold. */
function all(text: string, whole: string): Range {
  const [, low, high] = hyphen.exec(text) ?? []
  const parts =
    low === undefined || high === undefined ? comparisonsOf(text, whole) : [`>=${low}`, `<=${high}`]
  const ranges = parts.map((part) => compare(part, whole))
  return (version) => ranges.every((holds) => holds(version))
}

function comparisonsOf(text: string, whole: string): string[] {
  const parts: string[] = []
  for (let rest = text; rest !== ''; ) {
    const [found = ''] = comparison.exec(rest) ?? []
    if (found === '') throw invalid(whole)
    parts.push(found.replace(/[\s,]+$/, ''))
    rest = rest.slice(found.length)
  }
  if (parts.length === 0) throw invalid(whole)
  return parts
}

function compare(text: string, whole: string): Range {
  const [found, operator = '', given = '', prerelease] = comparison.exec(text) ?? []
  if (found !== text) throw invalid(whole)
  const numbers = leading(given)
  const low: Version = { numbers, prerelease: prerelease?.split('.') ?? [] }
  const isExact = numbers.length >= 3 || prerelease !== undefined
  switch (operator) {
    case '':
    case '=':
    case '==':
      return isExact ? bound('=', low) : within(numbers, numbers.length - 1)
    case '!':
    case '!=':
      return isExact ? bound('!=', low) : not(within(numbers, numbers.length - 1))
    case '~':
    case '~>':
      return between(isExact ? low : first(numbers), numbers, Math.min(1, numbers.length - 1))
    case '^':
      return between(isExact ? low : first(numbers), numbers, caret(numbers))
    default:
      return isExact ? bound(strict(operator), low) : partial(strict(operator), numbers)
  }
}

/** The numbers before the first that is missing, "x" or "*". */
function leading(given: string): number[] {
  const parts = given.split('.')
  const end = parts.findIndex((part) => !/^\d+$/.test(part))
  return parts.slice(0, end < 0 ? undefined : end).map(Number)
}

function strict(operator: string): Operator {
  return (operator === '=<' ? '<=' : operator === '=>' ? '>=' : operator) as Operator
}

/** A comparison with a version whose last numbers are missing. */
function partial(operator: Operator, numbers: readonly number[]): Range {
  const last = numbers.length - 1
  if (last < 0) return () => operator === '>=' || operator === '<='
  switch (operator) {
    case '>=':
      return bound('>=', first(numbers))
    case '<':
      return bound('<', first(numbers))
    case '>':
      return bound('>=', after(numbers, last))
    default:
      return bound('<', after(numbers, last))
  }
}

/** The versions whose first numbers are those given. */
function within(numbers: readonly number[], last: number): Range {
  return between(first(numbers), numbers, last)
}

/** From a version, and below the one that follows when the number at `index` is raised. */
function between(low: Version, numbers: readonly number[], index: number): Range {
  if (index < 0) return () => true
  const [from, to] = [bound('>=', low), bound('<', after(numbers, index))]
  return (version) => from(version) && to(version)
}

/** `^` keeps the first number that is not 0. */
function caret(numbers: readonly number[]): number {
  const found = numbers.findIndex((number) => number > 0)
  return found < 0 ? numbers.length - 1 : Math.min(found, 2)
}

// "0" is the lowest prerelease: tags have no empty one.
const lowest = ['0']

function first(numbers: readonly number[]): Version {
  return { numbers, prerelease: lowest }
}

function after(numbers: readonly number[], index: number): Version {
  return first([...numbers.slice(0, index), (numbers[index] ?? 0) + 1])
}

function bound(operator: Operator, limit: Version): Range {
  switch (operator) {
    case '<':
      return (version) => compareVersions(version, limit) < 0
    case '<=':
      return (version) => compareVersions(version, limit) <= 0
    case '>':
      return (version) => compareVersions(version, limit) > 0
    case '>=':
      return (version) => compareVersions(version, limit) >= 0
    case '=':
      return (version) => compareVersions(version, limit) === 0
    case '!=':
      return (version) => compareVersions(version, limit) !== 0
  }
}

function not(range: Range): Range {
  return (version) => !range(version)
}

function invalid(text: string): DistError {
  return new DistError(
    'INVALID_ARGUMENT',
    `"${sanitize(text, 100)}" is not a range of versions: expected one such as ">=1.2 <2", "~1.4", "^3" or "1.x || 3.x"`,
  )
}
