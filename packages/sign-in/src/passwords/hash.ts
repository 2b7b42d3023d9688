import { DistError } from '@dist/errdefs'
import { hash, truncates } from 'bcryptjs'

/** A comparison takes about a quarter of a second. */
const cost = 12

/** The bcrypt hash of a password. Throws `INVALID_ARGUMENT` for one of more than 72 bytes, of which bcrypt ignores the rest. */
export async function hashPassword(password: string): Promise<string> {
  if (truncates(password))
    throw new DistError(
      'INVALID_ARGUMENT',
      'the password is longer than 72 bytes, of which bcrypt takes no more',
    )
  return await hash(password, cost)
}
