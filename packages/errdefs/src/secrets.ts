// A digest after an "@": a known algorithm name, or any name with at least 32 hex digits.
const digestLike = String.raw`(?:sha\d+|md5|blake\w*)\b|[a-z0-9+._-]+:[0-9a-f]{32,}`
const userinfo = new RegExp(String.raw`[^\s"'<>@/:]+:[^\s"'<>@]*@(?!${digestLike})`, 'gi')
const digestAtEnd = new RegExp(`@(?:${digestLike})[^@/]*$`, 'i')

const jwt = /\beyJ[\w-]{8,}(?:\.[\w-]*)*/g
const header =
  /\b(bearer|basic|negotiate)(\s+)(?!(?:realm|service|scope|error)\b)(?=\S*[\d=])[\w.~+/=-]{8,}/gi
const prefixed =
  /\b(?:gh[pousr]_|github_pat_|gl[a-z]{2,5}-|dckr_[a-z]{2,3}_|xox[a-z]-|npm_|hf_|A[KS]IA)[\w-]{10,}/g

const secretName = String.raw`(?:\w*token|password|passwd|pwd|\w*secret|api[_-]?key|authorization|credentials?|sig|signature)`
const assigned = new RegExp(String.raw`\b(${secretName}["']?\s*=\s*["']?)([^\s"',;&)]+)`, 'gi')
const quoted = new RegExp(String.raw`\b(${secretName}["']\s*:\s*["'])((?:[^"'\\]|\\.)+)`, 'gi')
const mentioned = new RegExp(String.raw`\b(${secretName}:?\s+["']?)(?=[^\s"']*\d)([\w.~+/=-]{8,})`, 'gi')
// At least 32 characters with lower-case letters, two capitals and two digits.
const opaque = /(?<![\w:@/.+-])(?=[\w+=-]*?[a-z])(?=(?:[\w+=-]*?[A-Z]){2})(?=(?:[\w+=-]*?\d){2})[\w+=-]{32,}/g

const shortest = 4

/** Removes secrets that have a known form: user and password before an `@`, authorization headers, well-known tokens. */
export function withoutTokens(text: string): string {
  return text
    .replace(userinfo, '…@')
    .replace(jwt, '(token)')
    .replace(header, '$1$2(token)')
    .replace(prefixed, '(token)')
}

/**
 * Removes everything that may be a secret from the text of a server. Besides the forms of `withoutTokens` these are the
 * values of fields named token, password or similar, long random text, and `known` secrets: those sent to the server.
 */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  const spellings = known.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ])
  const longestFirst = spellings
    .filter(({ length }) => length >= shortest)
    .sort((a, b) => b.length - a.length)
  const stripped = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '(secret)'), text)
  return withoutTokens(stripped)
    .replace(quoted, '$1(secret)')
    .replace(assigned, '$1(secret)')
    .replace(mentioned, '$1(secret)')
    .replace(opaque, '(secret)')
}

/** Whether a reference as typed by a user has a user name or password before its host. */
export function hasUserinfo(reference: string): boolean {
  return reference.replace(digestAtEnd, '').includes('@')
}

/** A reference as typed by a user, without user name and password. */
export function withoutUserinfo(reference: string): string {
  const [digest = ''] = digestAtEnd.exec(reference) ?? []
  const name = digest === '' ? reference : reference.slice(0, -digest.length)
  const at = name.lastIndexOf('@')
  return at < 0 ? reference : `…${name.slice(at)}${digest}`
}
