import { sanitize } from '@dist/errdefs'
import type { ImageReport } from './runs.js'

/** A failed image, as much of its report as failures are grouped and printed by. */
export type FailedImage = Pick<ImageReport, 'reference' | 'error' | 'failures'>

/** The message of a failed image without an error. */
export const unknownReason = 'unknown reason'

const digests = /\b([a-z0-9]+:)[0-9a-f]{32,}\b/g
const durations = /\b\d+(?:\.\d+)? ?(?:ms|s|min|h)\b/g

/** The error of a failed image without what differs between images: its name, digests and durations. */
export function sharedCause(image: FailedImage): string {
  const cause = ownCause(image).replaceAll(image.reference, '…')
  return sanitize(cause.replace(digests, '$1…').replace(durations, '…'), 300)
}

/** The error of a failed image without its name. */
export function ownCause({ reference, error }: FailedImage): string {
  const message = sanitize(error?.message ?? unknownReason, 500)
  const own = `${sanitize(reference, 512)}: `
  return message.startsWith(own) ? message.slice(own.length) : message
}
