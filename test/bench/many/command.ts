import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Measurement, measure } from '../measure.js'
import { program } from '../tools.js'

/** Milliseconds: 50,000 images by a queue take some minutes. */
const timeLimit = 3_600_000

/** `dist mirror` of all references, measured as a whole process. Throws where an image fails. */
export async function mirror(
  references: readonly string[],
  args: readonly string[],
  scratch: string,
  env?: Readonly<Record<string, string>>,
): Promise<Measurement> {
  const file = join(scratch, 'references')
  writeFileSync(file, `${references.join('\n')}\n`)
  return measure([process.execPath, program, 'mirror', '-f', file, ...args], scratch, { env, timeLimit })
}
