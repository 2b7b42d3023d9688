import type { Answer, Routes } from '@dist/api'
import { formatBytes, plural, shareOf, withoutBlob } from '../format.js'
import { Table } from '../parts/known.js'
import { Bar, State } from '../parts/state.js'
import { Digest, Time } from '../parts/texts.js'
import { Speeds } from '../speeds.js'

type Blob = Answer<Routes['listBlobs']>['items'][number]

const speeds = new Speeds()

/** Notes how far the blobs of an image are, for their speeds. */
export function noteBlobs(image: string, blobs: readonly Blob[]): void {
  for (const { prefix, state, fetched } of blobs)
    if (state === 'active') speeds.note(`${image} ${prefix}`, fetched, Date.now())
}

interface BlobProgressProps {
  /** The image, for the speed. */
  readonly image: string
  readonly blob: Blob
  readonly nameOf: (service: string) => string
}

/** How far a blob is: who fetches it and how fast, or what it waits for and until when. */
export function BlobProgress({ image, blob, nameOf }: BlobProgressProps) {
  const { prefix, state, size, fetched, worker, tries, nextTryAt, error } = blob
  const speed = state === 'active' ? speeds.of(`${image} ${prefix}`) : undefined
  const isOpen = state === 'active' || state === 'waiting'
  return (
    <>
      <State state={state} />
      {state === 'active' && (
        <>
          {' '}
          <Bar share={shareOf(fetched, size)} label={`progress of blob ${prefix}`} />
          <span class="quiet line">
            {formatBytes(fetched)} of {formatBytes(size)}
            {speed !== undefined && speed > 0 && `, ${formatBytes(speed)}/s`}
            {worker !== undefined && ` by ${nameOf(worker)}`}
          </span>
        </>
      )}
      {state === 'waiting' && (
        <span class="quiet line">
          {nextTryAt === undefined ? (
            'for a worker'
          ) : (
            <>
              for its next try <Time at={nextTryAt} />
            </>
          )}
        </span>
      )}
      {isOpen && tries > 0 && <span class="warning line">{plural(tries, 'failed try', 'failed tries')}</span>}
      {error !== undefined && state !== 'fetched' && state !== 'present' && (
        <span class="error line">{withoutBlob(error.message)}</span>
      )}
    </>
  )
}

const columns = [{ title: 'Blob' }, { title: 'Size', kind: 'number' }, { title: 'State' }] as const

interface BlobTableProps {
  readonly blobs: readonly Blob[]
  readonly nameOf: (service: string) => string
}

/** Blobs of an image whose tree is not known. */
export function BlobTable({ blobs, nameOf }: BlobTableProps) {
  return (
    <Table caption="Blobs" columns={columns}>
      {blobs.map((blob) => (
        <tr key={blob.prefix}>
          <td>
            {blob.digest === undefined ? (
              <code>{blob.prefix.slice(0, 12)}</code>
            ) : (
              <Digest digest={blob.digest} />
            )}
          </td>
          <td class="number">{formatBytes(blob.size)}</td>
          <td>
            <BlobProgress image="" blob={blob} nameOf={nameOf} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
