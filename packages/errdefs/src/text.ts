import { withoutTokens } from './secrets.js'

const urlLike = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi
// In a URL that is cut off, user and password look like host and port.
const urlCutOff = /[a-z][a-z0-9+.-]*:\/\/[^\s"'<>/?#]*$/i
// Characters that move the cursor, change the writing direction or are invisible, and unpaired surrogates.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

// Longer than the path of any blob, and than any DNS name.
const longestPath = 500
const longestHost = 260

/** A URL for a message or a log: without user, password, query and fragment, since a signed URL is a credential. */
export function redactUrl(url: string | URL): string {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return '(malformed URL)'
  }
  const query = parsed.search === '' ? '' : '?…'
  const path = withoutTokens(parsed.pathname.slice(0, 2 * longestPath))
  const shown = path.length > longestPath ? `${path.slice(0, longestPath)}…` : path
  return `${parsed.protocol}//${parsed.host.slice(0, longestHost)}${shown}${query}`
}

/**
 * Makes foreign text safe for one line of a message: redacts URLs, removes passwords and tokens, escapes control
 * characters, and cuts the text to `limit` characters. Text of a registry must neither move the cursor nor fill the screen.
 */
export function sanitize(text: string, limit = 300): string {
  const isCut = text.length > limit * 4
  const cut = isCut ? text.slice(0, limit * 4).replace(urlCutOff, '(URL)') : text
  const redacted = withoutTokens(cut.replace(urlLike, (url) => redactUrl(url)))
  const safe = redacted.replace(unprintable, escapeCharacter)
  if (safe.length <= limit && !isCut) return safe
  return `${safe.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

const digest = /[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}/g
const label = /^(?:\w+ ){0,2}$/

/**
 * `<subject>: <message>`, naming the subject once. If the message already begins with the subject, or with a digest that
 * the subject contains (`manifest sha256:… of registry.test/app: …`), that beginning is removed.
 */
export function withSubject(subject: string, message: string): string {
  if (message.startsWith(`${subject}: `)) return message
  for (const [known] of subject.matchAll(digest)) {
    const at = message.indexOf(known)
    const end = message.indexOf(': ', at + known.length)
    if (at < 0 || end < 0 || !label.test(message.slice(0, at))) continue
    return `${subject}: ${message.slice(end + 2)}`
  }
  return `${subject}: ${message}`
}
