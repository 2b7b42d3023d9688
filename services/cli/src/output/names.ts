import { sanitize, withoutUserinfo, withSubject } from '@dist/errdefs'

/** A name for the terminal. Other tools may have written control characters into it. */
export function shownName(name: string): string {
  return sanitize(name, 512)
}

/** A name as the user typed it, for an error: without a password. */
export function typedName(text: string): string {
  return shownName(withoutUserinfo(text))
}

/** The message of a failed image, with its name once: errors of registries name the object already. */
export function failureOf(name: string, message: string): string {
  return withSubject(shownName(name), message)
}
