const urlLike = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi

/** A URL without user, password and query, fit for a message or a log: signed URLs are credentials. */
export function redactUrl(url: string | URL): string {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return '(malformed URL)'
  }
  const query = parsed.search === '' ? '' : '?…'
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${query}`
}

/**
 * Foreign text made fit for one line of a message: URLs redacted, control characters escaped, at most `limit`
 * characters. What a registry writes into an error must neither move the cursor nor fill the screen.
 */
export function sanitize(text: string, limit = 300): string {
  const cut = text.length > limit * 4 ? text.slice(0, limit * 4) : text
  const safe = cut
    .replace(urlLike, (url) => redactUrl(url))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter)
  return safe.length > limit || cut.length < text.length ? `${safe.slice(0, limit)}…` : safe
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
