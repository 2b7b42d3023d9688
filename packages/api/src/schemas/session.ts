import { scopes } from '@dist/runs'
import * as z from 'zod'
import { time } from '../values.js'

export const credentials = z.strictObject({
  user: z.string().min(1).max(256),
  password: z.string().min(1).max(1024),
})

export const sessionSchema = z.object({
  caller: z
    .object({
      kind: z
        .enum(['anyone', 'user', 'token'])
        .describe('`anyone`: there are no users, so that all programs of the machine may read.'),
      name: z.string().describe('`anyone`, the user, or a token by its id and its name.'),
    })
    .optional()
    .describe('Who makes the request. Absent: a client without sign-in.'),
  scopes: z.array(z.enum(scopes)).readonly().describe('What the caller may do.'),
  users: z.boolean().describe('There are users who can sign in.'),
  until: time.optional().describe('When the session ends, unless it is used. Absent: there is none.'),
})
