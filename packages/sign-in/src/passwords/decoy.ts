import { randomBytes } from 'node:crypto'

/** A bcrypt hash of a cost that no password has. */
export function makeDecoy(cost: number): string {
  const characters = randomBytes(40).toString('base64').replaceAll('+', '.').slice(0, 52)
  // The last character of the salt, the 22nd one, has two bits.
  return `$2b$${String(cost).padStart(2, '0')}$${characters.slice(0, 21)}u${characters.slice(21)}`
}
