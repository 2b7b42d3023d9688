import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { formatBytes, withoutName } from '../format.js'
import { go, Link } from '../navigate.js'
import { Choice, Search } from '../parts/filters.js'
import { Empty, Known, Section, Table } from '../parts/known.js'
import { State } from '../parts/state.js'
import { Digest } from '../parts/texts.js'
import type { ImagesFilter } from '../place.js'

type Image = Answer<Routes['listImages']>['items'][number]
type ImageState = Image['state']

const states: readonly ImageState[] = ['waiting', 'active', 'done', 'failed', 'canceled', 'pruned']
/** Images of one page of the list. */
const limit = 100
/** Pages that are passed over while nothing is found on them. */
const passedAtMost = 9

interface ImagesProps {
  readonly run: string
  readonly filter: ImagesFilter
}

/** The images of a run, as far as they are like the filter. */
export function Images({ run, filter }: ImagesProps) {
  const { search, cause, cursor } = filter
  const state = states.find((each) => each === filter.state)
  const show = (next: ImagesFilter, replace = false) =>
    go({ view: 'run', run, state, search, cause, ...next }, { replace })
  return (
    <Section title="Images">
      <div class="filters">
        <Choice label="State" options={states} chosen={state} onChoose={(next) => show({ state: next })} />
        <Search label="Name" text={search} onSearch={(next) => show({ search: next }, true)} />
        {cause !== undefined && (
          <span>
            of one cause <Link to={{ view: 'run', run, state, search }}>show all</Link>
          </span>
        )}
      </div>
      <ImagePage run={run} filter={{ state, search, cause, cursor }} />
    </Section>
  )
}

interface ImagePageProps {
  readonly run: string
  readonly filter: Omit<ImagesFilter, 'state'> & { readonly state: ImageState | undefined }
  /** The page from which on nothing was found. Default: that of the filter. */
  readonly from?: string | undefined
  /** Pages that were passed over before this one. */
  readonly passed?: number | undefined
}

/** A page of images, or the first one behind it that has some: a call looks at some images only. */
function ImagePage({ run, filter, from = filter.cursor, passed = 0 }: ImagePageProps) {
  const { state, search, cause, cursor } = filter
  const query = { state, search, cause, limit, cursor: from }
  const images = useAnswer('/runs/{run}/images', { params: { run }, query }, pace.fast)
  return (
    <Known live={images} what="the images">
      {({ items, next }) =>
        items.length === 0 && next !== undefined && passed < passedAtMost ? (
          <ImagePage key={next} run={run} filter={filter} from={next} passed={passed + 1} />
        ) : (
          <>
            {items.length === 0 ? (
              <NoImages isMore={next !== undefined} />
            ) : (
              <ImageTable run={run} images={items} />
            )}
            <nav class="pages" aria-label="Pages of the images">
              {cursor !== undefined && (
                <Link to={{ view: 'run', run, state, search, cause }}>First page</Link>
              )}
              {next !== undefined && (
                <Link to={{ view: 'run', run, state, search, cause, cursor: next }}>Next page</Link>
              )}
            </nav>
          </>
        )
      }
    </Known>
  )
}

function NoImages({ isMore }: { readonly isMore: boolean }) {
  return (
    <Empty>
      {isMore
        ? 'None among those that were looked at so far: the next page has the others.'
        : 'No image is like this.'}
    </Empty>
  )
}

const columns = [
  { title: 'Image' },
  { title: 'State' },
  { title: 'Digest', kind: 'wide' },
  { title: 'Fetched', kind: 'wide number' },
  { title: 'Shared', kind: 'wide number' },
] as const

function ImageTable({ run, images }: { readonly run: string; readonly images: readonly Image[] }) {
  return (
    <Table caption="Images, in the order of the request" columns={columns}>
      {images.map((image) => (
        <tr key={image.index}>
          <td>
            <Link to={{ view: 'image', run, index: String(image.index) }}>{image.reference}</Link>
            {image.error !== undefined && (
              <span class="error line">{withoutName(image.error.message, image.reference)}</span>
            )}
          </td>
          <td>
            <State state={image.state} />
          </td>
          <td class="wide">{image.digest !== undefined && <Digest digest={image.digest} />}</td>
          <td class="wide number">{resultOf(image)}</td>
          <td class="wide number">{image.shared && formatBytes(image.shared.bytes)}</td>
        </tr>
      ))}
    </Table>
  )
}

function resultOf({ upToDate, fetched }: Image): string {
  if (upToDate) return 'up to date'
  return fetched === undefined ? '' : formatBytes(fetched.bytes)
}
