import { DistError, sanitize } from '@dist/errdefs'
import { RE2JS, RE2JSException } from 're2js'

/** Whether a text matches as a whole. The time is linear in the length of the text. */
export type Matcher = (text: string) => boolean

/** Longer patterns are refused, so that compiling one is quick. */
const maxPatternLength = 1000
/** The time for a tag is linear in the tag and in this size: some milliseconds at most. Usual patterns have 20 to 200. */
const maxProgramSize = 1000
/** Counted repetitions are compiled as copies of what they repeat: `(...){500}`. */
const maxCopies = 100_000

/**
 * A regular expression in the syntax of RE2, for the whole text: `a|b` matches `a` and `b` only. Throws `INVALID_ARGUMENT`,
 * also for what RE2 does not have (look-around and back references), and for an expression
 * that takes long for each tag.
 */
export function compileRegex(pattern: string): Matcher {
  checkLength(pattern)
  const compiled = compile(pattern)
  if (compiled.programSize() > maxProgramSize) throw tooLarge()
  return (text) => compiled.matches(text)
}

function compile(pattern: string): RE2JS {
  const counts = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, low, high]) => Number(high || low))
  if (counts.reduce((sum, count) => sum + count, 0) * pattern.length > maxCopies) throw tooLarge()
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const why = sanitize(error.message.replace(/^error parsing regexp: /, ''), 200)
    throw new DistError('INVALID_ARGUMENT', `this is not a regular expression of RE2: ${why}`, {
      cause: error,
    })
  }
}

/**
 * A pattern of tags: `*` stands for any characters, `?` for one, `[a-z]` for one of a set, `[!a-z]` for one that is not in
 * it, `\` before a character for this character. Throws `INVALID_ARGUMENT`.
 */
export function compileGlob(pattern: string): Matcher {
  return compileRegex(regexOf(pattern, '.', '.*'))
}

/**
 * A pattern of repositories: as for tags, but `*`, `?` and sets stay within one component of the path. `**` stands for any
 * number of characters and components; as a component it stands for any number of components, `team/**` not for `team`
 * itself. Throws `INVALID_ARGUMENT`.
 */
export function compilePathGlob(pattern: string): Matcher {
  const parts = pattern.split('**').map((part) => regexOf(part, '[^/]', '[^/]*'))
  // "a/**/b" includes "a/b".
  const joined = parts.reduce((before, after) =>
    before.endsWith('/') && after.startsWith('/')
      ? `${before}(?:.*/)?${after.slice(1)}`
      : `${before}.*${after}`,
  )
  return compileRegex(
    parts[0] === '' && parts[1]?.startsWith('/') ? joined.replace('.*/', '(?:.*/)?') : joined,
  )
}

function tooLarge(): DistError {
  return new DistError('INVALID_ARGUMENT', 'this pattern is too large: use fewer or smaller repetitions')
}

/** Matches what any of the matchers matches. */
export function anyOf(matchers: readonly Matcher[]): Matcher {
  const [first, ...more] = matchers
  if (first === undefined) return () => false
  return more.length === 0 ? first : (text) => matchers.some((matches) => matches(text))
}

function checkLength(pattern: string): void {
  if (pattern === '') throw new DistError('INVALID_ARGUMENT', 'a pattern must not be empty')
  if (pattern.length > maxPatternLength)
    throw new DistError('INVALID_ARGUMENT', `a pattern has at most ${maxPatternLength} characters`)
}

function regexOf(glob: string, one: string, many: string): string {
  let regex = ''
  for (let index = 0; index < glob.length; index++) {
    const character = glob[index] ?? ''
    if (character === '*') regex += many
    else if (character === '?') regex += one
    else if (character === '[') {
      const set = /^\[(!?)([^\]/\\]+)\]/.exec(glob.slice(index))
      if (set === null) throw new DistError('INVALID_ARGUMENT', 'a set such as [a-z] is expected after "["')
      const [whole, not = '', members = ''] = set
      regex += `[${not === '' ? '' : '^/'}${members.replace(/[[^&~]/g, '\\$&')}]`
      index += whole.length - 1
    } else if (character === '\\' && index + 1 < glob.length) {
      index += 1
      regex += quoted(glob[index] ?? '')
    } else regex += quoted(character)
  }
  return regex
}

function quoted(character: string): string {
  return /[\w/-]/.test(character) ? character : RE2JS.quote(character)
}
