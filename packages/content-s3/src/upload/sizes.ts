import { DistError } from '@dist/errdefs'

// Amazon S3 user guide, "Multipart upload limits".
export const smallestPart = 5 * 1024 * 1024
export const mostParts = 10_000
const largestObject = 5 * 1024 ** 4
const mebibyte = 1024 * 1024
/** Parts of one size, before those of content of unknown size grow. */
const step = 1000

/**
 * Bytes of part `number`, from 1, of content of `size` bytes: `preferred` where 10,000 such parts are enough, else as
 * many more as are needed. Of unknown size: growing, up to 800 GiB with a preferred size of 16 MiB. The last part is
 * whatever is left. Throws `RESOURCE_EXHAUSTED` for more than a multipart upload takes.
 */
export function partSize(number: number, size: number | undefined, preferred: number): number {
  if (number > mostParts)
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `content has more than ${mostParts} parts: S3 needs its size beforehand`,
    )
  if (size === undefined) return preferred * (1 + Math.floor((number - 1) / step))
  if (size > largestObject)
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `content of ${size} bytes is more than the 5 TiB of an S3 object`,
    )
  return Math.max(preferred, Math.ceil(size / mostParts / mebibyte) * mebibyte)
}
