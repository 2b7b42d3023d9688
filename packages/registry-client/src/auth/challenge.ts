/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). Scheme and parameter names are lowercase. */
export interface Challenge {
  readonly scheme: string
  readonly params: Readonly<Record<string, string>>
}

// Characters. A registry's challenge has about 200; longer headers are ignored.
const maxLength = 8 * 1024

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const blank = /[\s,]*/y
const equals = /[ \t]*=[ \t]*/y
const quoted = /"((?:[^"\\]|\\[\s\S])*)("|$)/y
const bare = /[^\s,"]*/y

/**
 * Parses all challenges of all headers; a header may hold several. Malformed parts are skipped: they give fewer challenges,
 * never an error (R6).
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap((header) => (header.length > maxLength ? [] : parseHeader(header)))
}

/** The challenge to answer: Bearer before Basic. Other schemes are not supported. */
export function preferredChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, params }) => scheme === 'bearer' && params.realm !== undefined) ??
    challenges.find(({ scheme }) => scheme === 'basic')
  )
}

function parseHeader(header: string): Challenge[] {
  const challenges: { scheme: string; params: Record<string, string> }[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  for (take(blank); at < header.length; take(blank)) {
    const word = take(token)?.[0]
    if (word === undefined) {
      at++
      continue
    }
    const challenge = challenges.at(-1)
    // "a=b" is a parameter of the challenge before it; a single word starts the next challenge.
    if (take(equals) === null) challenges.push({ scheme: word.toLowerCase(), params: Object.create(null) })
    else if (challenge === undefined) parameterValue(take)
    else challenge.params[word.toLowerCase()] ??= parameterValue(take)
  }
  return challenges
}

function parameterValue(take: (pattern: RegExp) => RegExpExecArray | null): string {
  const string = take(quoted)
  if (string !== null) return (string[1] ?? '').replace(/\\([\s\S])/g, '$1')
  return take(bare)?.[0] ?? ''
}
