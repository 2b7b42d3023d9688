import { DistError, hasCode } from '@dist/errdefs'
import { destinationName } from '@dist/mirror'
import { isDigest } from '@dist/oci'
import { type Locator, parsePrefix, parseReference } from '@dist/reference'
import type { ImageReport } from '@dist/runs'
import { chunkSize, type RunHead } from '../state/head.js'
import { reportOf } from '../state/record.js'
import type { Client } from './client.js'

/** The images of a run, chunk by chunk. `NOT_FOUND` when Redis has lost its references. */
export async function* reportImages(client: Client, run: string, head: RunHead): AsyncIterable<ImageReport> {
  const { states, ask } = client
  const prefix = head.to === undefined ? undefined : parsePrefix(head.to)
  for (let chunk = 0; chunk < head.chunks; chunk++) {
    const references = await ask(states.chunk(run, chunk))
    if (references === undefined)
      throw new DistError('NOT_FOUND', `run ${run}: Redis has lost its references; submit it again`)
    const indexes = references.map((_, i) => chunk * chunkSize + i)
    const records = await ask(states.records(run, indexes))
    for (const [i, record] of records.entries()) {
      const report = reportOf(chunk * chunkSize + i, references[i] ?? '', record, head.state === 'canceled')
      yield prefix === undefined ? report : { ...report, to: destinationNameOf(report, prefix) }
    }
  }
}

/** The name of an image at its destination; none for an invalid reference. */
function destinationNameOf({ reference, digest }: ImageReport, prefix: Locator): string | undefined {
  try {
    const actual = digest !== undefined && isDigest(digest) ? digest : undefined
    return destinationName(parseReference(reference), prefix, actual)
  } catch (error) {
    if (hasCode(error, 'INVALID_ARGUMENT')) return undefined
    throw error
  }
}
