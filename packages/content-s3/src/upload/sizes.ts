import { DistError } from '@dist/errdefs'

// Amazon S3 user guide, "Multipart upload limits".
export const minPartSize = 5 * 1024 * 1024
export const maxParts = 10_000
const maxObjectSize = 5 * 1024 ** 4
const mebibyte = 1024 * 1024
/** The number of parts after which the part size of content of unknown size grows. */
const growthStep = 1000

/**
 * Bytes of part `number`, from 1, of content of `size` bytes: `preferred`, or more if 10,000 such parts are not enough. If
 * the size is unknown, the parts grow, for up to 800 GiB with a preferred size of 16 MiB. The last part may be smaller.
 * Throws `RESOURCE_EXHAUSTED` for more than a multipart upload can hold.
 */
export function partSize(number: number, size: number | undefined, preferred: number): number {
  if (number > maxParts)
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `content of unknown size: needs more than ${maxParts} parts in an S3 store; give its size`,
    )
  if (size === undefined) return preferred * (1 + Math.floor((number - 1) / growthStep))
  if (size > maxObjectSize)
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `content of ${size} bytes: larger than the 5 TiB of an S3 object`,
    )
  return Math.max(preferred, Math.ceil(size / maxParts / mebibyte) * mebibyte)
}
