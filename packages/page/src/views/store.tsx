import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { change } from '../api/call.js'
import { formatBytes, formatCount, plural } from '../format.js'
import { go, Link } from '../navigate.js'
import { Action } from '../parts/action.js'
import { useMay } from '../parts/caller.js'
import { Facts } from '../parts/facts.js'
import { Search } from '../parts/filters.js'
import { Empty, Known, Section, Table } from '../parts/known.js'
import { Copied, Digest, Time } from '../parts/texts.js'
import type { StoreFilter } from '../place.js'

type Store = Answer<Routes['getStore']>
type Usage = NonNullable<Store['usage']>
type Stored = Answer<Routes['listStored']>['items'][number]

/** Images of one page of the list. */
const limit = 100

/** The store of the services: what its content is needed for, and its images. */
export function Store(filter: StoreFilter) {
  const store = useAnswer('/store', {}, pace.fast)
  return (
    <>
      <h1>Store</h1>
      <Known live={store} what="the store">
        {(data) => <Summary store={data} />}
      </Known>
      <Entries entries={store.data?.usage?.entries ?? []} />
      <StoredImages filter={filter} isMeasured={store.data?.usage !== undefined} />
    </>
  )
}

function Summary({ store: { id, usage, measuring } }: { readonly store: Store }) {
  return (
    <section class="card" aria-label="What the content is needed for">
      <header>
        <span>
          {id === undefined ? (
            'No service has started yet.'
          ) : (
            <Copied text={id} shown={`store ${id.slice(0, 8)}`} what="id" />
          )}
          {usage !== undefined && (
            <span class="quiet">
              {' '}
              measured <Time at={usage.measuredAt} />
            </span>
          )}
        </span>
        <MeasureButton measuring={measuring} />
      </header>
      {usage === undefined ? (
        <p class="quiet">
          It was not measured yet: a coordinator reads all manifests for that, which may take minutes.
        </p>
      ) : (
        <UsageFacts usage={usage} />
      )}
    </section>
  )
}

function MeasureButton({ measuring }: Pick<Store, 'measuring'>) {
  const may = useMay('submit')
  if (measuring !== undefined)
    return (
      <span class="quiet" role="status">
        {measuring.type === 'reading'
          ? `measuring: ${plural(measuring.count, 'image')} read`
          : `measuring: ${plural(measuring.count, 'object')} listed`}
      </span>
    )
  const measure = async () => {
    await change('/store/usage', {})
    return 'A coordinator measures the store.'
  }
  return may ? <Action label="Measure" about="the store" act={measure} /> : null
}

function UsageFacts({ usage }: { readonly usage: Usage }) {
  const { images, total, needed, shared, reclaimable, abandoned, isComplete } = usage
  const amount = ({ objects, bytes }: Usage['total']) => `${formatBytes(bytes)}, ${plural(objects, 'object')}`
  const facts = [
    ['Images', formatCount(images)],
    ['They need', amount(needed)],
    ['Several need', amount(shared)],
    ['Saved by sharing', formatBytes(savedBy(usage))],
    ['Reclaimable', amount(reclaimable)],
    ['Abandoned writes', amount(abandoned)],
    ['All content', amount(total)],
  ] as const
  return (
    <>
      {!isComplete && (
        <p class="warning">Manifests cannot be read: content that images need may count as reclaimable.</p>
      )}
      <Facts facts={facts} />
    </>
  )
}

/** Bytes that the store does not need, because images share content. */
function savedBy({ unshared, needed }: Usage): number {
  return Math.max(0, unshared.bytes - needed.bytes)
}

const entryColumns = [
  { title: 'Entry' },
  { title: 'Images', kind: 'number' },
  { title: 'Size', kind: 'number' },
  { title: 'Alone', kind: 'number' },
] as const

/** What the entries of mirror files take, if the store keeps track of any. */
function Entries({ entries }: Pick<Usage, 'entries'>) {
  if (!entries.some(({ entry }) => entry !== undefined)) return null
  return (
    <Section title={`Entries of mirror files (${formatCount(entries.length)})`}>
      <Table
        caption="Entries of mirror files; alone: what no image of another entry needs"
        columns={entryColumns}
      >
        {entries.map(({ entry, images, all, own }) => (
          <tr key={entry ?? ''}>
            <td>{entry ?? <span class="quiet">images of no entry</span>}</td>
            <td class="number">{formatCount(images)}</td>
            <td class="number">{formatBytes(all.bytes)}</td>
            <td class="number">{formatBytes(own.bytes)}</td>
          </tr>
        ))}
      </Table>
    </Section>
  )
}

/** What the overview tells of the store. */
export function StoreLine() {
  const { data } = useAnswer('/store', {}, pace.slow)
  return (
    <Section title="Store" aside={<Link to={{ view: 'store' }}>images</Link>}>
      {data?.usage === undefined ? (
        <Empty>Not measured yet.</Empty>
      ) : (
        <p>
          {formatBytes(data.usage.needed.bytes)} for {plural(data.usage.images, 'image')};{' '}
          <b>{formatBytes(savedBy(data.usage))} saved by sharing</b>
          {data.usage.reclaimable.bytes > 0 && `, ${formatBytes(data.usage.reclaimable.bytes)} reclaimable`}
        </p>
      )}
    </Section>
  )
}

interface StoredImagesProps {
  readonly filter: StoreFilter
  readonly isMeasured: boolean
}

function StoredImages({ filter: { search, needs, order, cursor }, isMeasured }: StoredImagesProps) {
  const isByOwn = order === 'own' && isMeasured && needs === undefined
  const query = { search, needs, cursor, limit, ...(isByOwn ? { order: 'own' as const } : {}) }
  const images = useAnswer('/store/images', { query }, pace.rare)
  const show = (next: StoreFilter, replace = false) =>
    go({ view: 'store', search, needs, order, ...next }, { replace })
  const total = images.data?.total
  return (
    <Section title={total === undefined ? 'Images' : `Images (${formatCount(total)})`}>
      <div class="filters">
        <Search label="Name" text={search} onSearch={(next) => show({ search: next }, true)} />
        {needs !== undefined && (
          <span>
            that need <Digest digest={needs} />{' '}
            <Link to={{ view: 'store', search, order }}>Show all images</Link>
          </span>
        )}
        {isMeasured && needs === undefined && (
          <label>
            Order{' '}
            <select
              value={isByOwn ? 'own' : 'name'}
              onChange={({ currentTarget: { value } }) =>
                show({ order: value === 'own' ? value : undefined })
              }
            >
              <option value="name">by name</option>
              <option value="own">what frees most first</option>
            </select>
          </label>
        )}
      </div>
      <Known live={images} what="the images">
        {({ items, next }) => (
          <>
            {items.length === 0 ? (
              <NoImages isFiltered={search !== undefined || needs !== undefined} />
            ) : (
              <StoredTable images={items} />
            )}
            <nav class="pages" aria-label="Pages of the images">
              {cursor !== undefined && <Link to={{ view: 'store', search, needs, order }}>First page</Link>}
              {next !== undefined && (
                <Link to={{ view: 'store', search, needs, order, cursor: next }}>Next page</Link>
              )}
            </nav>
          </>
        )}
      </Known>
    </Section>
  )
}

function NoImages({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered) return <Empty>The store has no image.</Empty>
  return (
    <Empty>
      No such image is in the store. <Link to={{ view: 'store' }}>Show all images</Link>
    </Empty>
  )
}

const columns = [
  { title: 'Image' },
  { title: 'Platforms', kind: 'wide' },
  { title: 'Size', kind: 'number' },
  { title: 'Alone', kind: 'number' },
] as const

function StoredTable({ images }: { readonly images: readonly Stored[] }) {
  return (
    <Table caption="Images of the store; alone: what no other image needs" columns={columns}>
      {images.map(({ name, platforms, sizes }) => (
        <tr key={name}>
          <td>
            <Link to={{ view: 'stored', name }}>{name}</Link>
          </td>
          <td class="wide">{platformsText(platforms)}</td>
          <td class="number">{sizes === undefined ? '' : formatBytes(sizes.all.bytes)}</td>
          <td class="number">{sizes === undefined ? '' : formatBytes(sizes.own.bytes)}</td>
        </tr>
      ))}
    </Table>
  )
}

/** The platforms that an image has of its index. */
export function platformsText(platforms: Stored['platforms']): string {
  if (platforms === undefined) return ''
  return platforms === 'all' ? 'all' : platforms.join(', ')
}
