import { sanitize, withoutUserinfo, withSubject } from '@dist/errdefs'

/** A name as it may stand on a terminal: other tools write what they like. */
export function shownName(name: string): string {
  return sanitize(name, 512)
}

/** A name as it was typed, for who hears that it failed: somebody may have put a password there. */
export function typedName(text: string): string {
  return shownName(withoutUserinfo(text))
}

/** What went wrong with an image, with its name in front: once, since registries' errors name what was asked for. */
export function failureOf(name: string, message: string): string {
  return withSubject(shownName(name), message)
}
