import { createHash } from 'node:crypto'
import { codes, DistError, firstError, sanitize } from '@dist/errdefs'
import { type FailureCause, failureStages, type ImageReport, sharedCause, unknownReason } from '@dist/runs'
import * as z from 'zod'

/** The cause of a failed image as scripts take it: its id and description, and those of what it has in common with more. */
export interface Causes {
  readonly cause: string
  readonly about: string
  readonly common: string
  readonly commonAbout: string
}

const aboutSchema = z.object({
  code: z.enum(codes),
  stage: z.enum(failureStages).optional(),
  host: z.string().optional(),
  message: z.string(),
  example: z.string(),
})

type About = z.infer<typeof aboutSchema>

/** The message of causes that are not told apart any more. */
const severalCauses = 'several causes'
const longestExample = 512

/** The causes of a failed image. `host`: that of its work, unless the error names another one. */
export function causesOf(
  image: Pick<ImageReport, 'reference' | 'error' | 'stage'>,
  thrown: unknown,
  host: string | undefined,
): Causes {
  const { error = { code: 'INTERNAL', message: unknownReason }, stage } = image
  const reference = image.reference || 'an image'
  const first = firstError(thrown)
  const { host: failed = host, because = error.message } = first instanceof DistError ? first : {}
  const example = sanitize(reference, longestExample)
  // An invalid reference has no host.
  const shared = { code: error.code, stage, host: failed ? sanitize(failed, 300) : undefined }
  const message = sharedCause({ reference, error: { code: error.code, message: because } })
  const about: About = { ...shared, message: message.replace(/ \(and \d+ more\)$/, ''), example }
  const common: About = { ...shared, message: severalCauses, example }
  return {
    cause: idOf(about),
    about: JSON.stringify(about),
    common: idOf(common),
    commonAbout: JSON.stringify(common),
  }
}

/** Of an image that has not failed. */
export const unknownCauses: Causes = { cause: '', about: '', common: '', commonAbout: '' }

function idOf({ code, stage, host, message }: About): string {
  const hash = createHash('sha256').update(JSON.stringify([code, stage ?? '', host ?? '', message]))
  return hash.digest('hex').slice(0, 12)
}

/** Reads the hash of the causes of a run: those of most images first. */
export function readCauses(fields: Readonly<Record<string, string>>): FailureCause[] {
  const causes = Object.entries(fields).flatMap(([field, text]): FailureCause[] => {
    const [, id] = /^about:(.+)$/.exec(field) ?? []
    const images = Number(fields[`images:${id}`] ?? 0)
    return id === undefined || images <= 0 ? [] : [{ id, ...aboutSchema.parse(JSON.parse(text)), images }]
  })
  return causes.sort((a, b) => b.images - a.images || (a.id < b.id ? -1 : 1))
}
