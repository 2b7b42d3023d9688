import * as z from 'zod'
import { problemSchema } from '../problem.js'

/** Operations that one stream follows. */
const most = 20

const path = z.string().min(1).max(4096)
const paths = z.union([path, z.array(path).max(most)])

export const liveQuery = z.strictObject({
  ask: paths
    .optional()
    .describe(
      'What is asked at most twice a second: an operation that reads, with its query (`/runs?state=running`).',
    ),
  slow: paths.optional().describe('What is asked every five seconds.'),
})

/** The data of an event: `answer` has one, `problem` the other. */
export const liveEvent = z.object({
  ask: z.string().describe('What was asked.'),
  answer: z.unknown().optional().describe('As the operation answers.'),
  problem: problemSchema.pick({ status: true, code: true, detail: true }).optional(),
})
