import { DistError, sanitize } from '@dist/errdefs'

/** What users may do, each with what comes before it: to look; to submit, retry and cancel runs; everything. */
export const roles = ['viewer', 'operator', 'admin'] as const

export type Role = (typeof roles)[number]

/** The role in a line of users. Without one, as `htpasswd` writes lines, it is `viewer`. `at`: the file and the line. */
export function parseRole(text: string | undefined, at: string): Role {
  if (text === undefined) return 'viewer'
  const role = roles.find((each) => each === text)
  if (role !== undefined) return role
  throw new DistError(
    'INVALID_ARGUMENT',
    `${at}: one of the roles ${roles.join(', ')} is expected behind the hash, not "${sanitize(text, 40)}"`,
  )
}
