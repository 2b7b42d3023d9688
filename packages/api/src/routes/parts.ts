import * as z from 'zod'
import { cursor } from '../values.js'

/** Bytes of a body with a mirror file, or with many references. */
export const largeBody = 64 * 2 ** 20

/** The most runs, images of a run and images of the store of a page. */
export const pageLimits = { runs: 200, images: 1_000, stored: 500 } as const

export const next = cursor.optional().describe('The cursor of the next page. Absent: this is the last one.')
export const started = z.object({ run: z.string().describe('The id of the run.') })
export const list = <T extends z.ZodType>(each: T) => z.object({ items: z.array(each).readonly() })
