import { randomFillSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Measurement, measure } from '../measure.js'
import type { Bucket } from './bucket.js'
import { presignPut } from './presign.js'

const partSize = 16 * 2 ** 20
/** Of 2, 4, 8 and 16 transfers at a time 8 were the fastest here, or close to it. */
const transfers = 8

/** What a server takes at most: one curl that puts parts in parallel, without a registry, hashing or a queue. */
export class Curl {
  readonly #part: string
  readonly #config: string

  constructor(
    private readonly bucket: Bucket,
    private readonly scratch: string,
  ) {
    this.#part = join(scratch, 'part')
    this.#config = join(scratch, 'curl.conf')
    writeFileSync(this.#part, randomFillSync(Buffer.alloc(partSize)))
  }

  /** Puts so many bytes in parts of 16 MiB, each to a presigned URL below the prefix. */
  async put(bytes: number, prefix: string): Promise<Measurement> {
    const entries = Array.from({ length: Math.ceil(bytes / partSize) }, (_, i) => {
      const url = presignPut(this.bucket.gateway, `${prefix}/${i}`)
      return `upload-file = "${this.#part}"\nurl = "${url}"\noutput = "/dev/null"\n`
    })
    writeFileSync(this.#config, entries.join(''))
    const quiet = ['--silent', '--show-error', '--fail', '--header', 'Expect:']
    const parallel = ['--parallel', '--parallel-immediate', '--parallel-max', String(transfers)]
    return measure(['curl', ...quiet, ...parallel, '--config', this.#config], this.scratch)
  }
}
