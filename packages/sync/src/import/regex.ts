// Groups and sets, and what a backslash escapes: an alternation inside of them is not at the top.
const inner = /\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|[()|]|[^\\[()|]+/gs

/**
 * The alternatives at the top of an expression of RE2. Undefined where splitting would change what they mean: flags reach into
 * later alternatives, and `\Q` quotes what looks like syntax.
 */
function alternatives(regex: string): string[] | undefined {
  if (/\\Q|\(\?[a-zA-Z-]+\)/.test(regex)) return regex.includes('|') ? undefined : [regex]
  const parts = ['']
  let depth = 0
  for (const [token] of regex.matchAll(inner)) {
    if (token === '(') depth += 1
    if (token === ')') depth -= 1
    if (token === '|' && depth === 0) parts.push('')
    else parts[parts.length - 1] += token
  }
  return parts
}

/**
 * Expressions for the whole text, of which one matches where `regex` is found anywhere in it, as `regexp.MatchString` of Go
 * searches.
 */
export function searched(regex: string): string[] {
  return alternatives(regex)?.map(wholeOf) ?? [`.*(?:${regex}).*`]
}

/**
 * The same for `^regex$`, where `^` and `$` are put around an expression without a group: they bind the first and the last
 * alternative only.
 */
export function bound(regex: string): string[] {
  const start = regex.startsWith('^') ? '' : '^'
  const end = endsBound(regex) ? '' : '$'
  return searched(`${start}${regex}${end}`)
}

/** Whether `bound` means something else than the author of the expression may think. */
export function bindsPartly(regex: string): boolean {
  const parts = alternatives(regex)
  return parts === undefined || parts.length > 1
}

function wholeOf(part: string): string {
  const isStart = part.startsWith('^')
  const rest = isStart ? part.slice(1) : part
  const isEnd = endsBound(rest)
  const content = isEnd ? rest.slice(0, -1) : rest
  const before = isStart || content.startsWith('.*') ? '' : '.*'
  return `${before}${content}${isEnd || /(?:^|[^\\])\.\*$/.test(content) ? '' : '.*'}`
}

/** Whether the expression ends in a `$` that is not escaped. */
function endsBound(regex: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*\$$/.test(regex)
}
