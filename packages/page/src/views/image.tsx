import type { Answer, Routes } from '@dist/api'
import { adviceOf } from '../advice.js'
import { type Live, pace, useAnswer } from '../api/answers.js'
import { change } from '../api/call.js'
import { formatBytes, plural, shortRun, withoutBlob, withoutName } from '../format.js'
import { Link } from '../navigate.js'
import { Action } from '../parts/action.js'
import { useMay } from '../parts/caller.js'
import { Empty, Known, Section } from '../parts/known.js'
import { ObstacleList } from '../parts/obstacles.js'
import { State } from '../parts/state.js'
import { Copied, Digest } from '../parts/texts.js'
import { ReferrerTable, type TreeNode, TreeTable } from '../parts/tree.js'
import { BlobProgress, BlobTable, noteBlobs } from './blobs.js'
import { Tries } from './tries.js'

type ImageDetails = Answer<Routes['getImage']>
type Blobs = Answer<Routes['listBlobs']>['items']

interface ImageProps {
  readonly run: string
  readonly index: string
}

/** One image of a run: what has become of it, and how far its manifests and blobs are. */
export function Image({ run, index }: ImageProps) {
  const params = { run, index }
  const image = useAnswer('/runs/{run}/images/{index}', { params }, pace.fast)
  const blobs = useAnswer('/runs/{run}/images/{index}/blobs', { params }, pace.fast)
  const services = useAnswer('/services', {}, pace.slow)
  const nameOf = (service: string) => services.data?.items.find(({ id }) => id === service)?.name ?? service
  const isOpen = image.data?.state === 'waiting' || image.data?.state === 'active'
  noteBlobs(`${run} ${index}`, blobs.data?.items ?? [])
  return (
    <>
      <h1>
        <Link to={{ view: 'runs' }}>Runs</Link> / <Link to={{ view: 'run', run }}>{shortRun(run)}</Link> /{' '}
        {image.data?.reference ?? `image ${index}`}
      </h1>
      <Known live={image} what="the image">
        {(data) => <Summary run={run} image={data} />}
      </Known>
      {isOpen && <Obstacles run={run} />}
      <Content run={run} index={index} image={image.data} isOpen={isOpen} blobs={blobs} nameOf={nameOf} />
      <Tries run={run} index={index} nameOf={nameOf} />
    </>
  )
}

/** What the run waits for. */
function Obstacles({ run }: { readonly run: string }) {
  const obstacles = useAnswer('/obstacles', { query: { run } }, pace.slow)
  return <ObstacleList obstacles={obstacles.data?.items ?? []} />
}

interface ContentProps extends ImageProps {
  readonly image: ImageDetails | undefined
  readonly isOpen: boolean
  readonly blobs: Live<Answer<Routes['listBlobs']>>
  readonly nameOf: (service: string) => string
}

/** The tree of an image; of one whose tree is not known the blobs alone. */
function Content({ run, index, image, isOpen, blobs, nameOf }: ContentProps) {
  const everyMs = isOpen ? pace.slow : pace.rare
  const tree = useAnswer('/runs/{run}/images/{index}/tree', { params: { run, index } }, everyMs)
  const items = blobs.data?.items ?? []
  const state = (node: TreeNode) => {
    const blob = items.find(({ prefix }) => node.digest.includes(`:${prefix}`))
    return blob && <BlobProgress image={`${run} ${index}`} blob={blob} nameOf={nameOf} />
  }
  if (tree.data === undefined)
    return (
      <Section title="Blobs that it lacked">
        <Known live={blobs} what="the blobs">
          {() =>
            items.length === 0 ? <NoBlobs image={image} /> : <BlobTable blobs={items} nameOf={nameOf} />
          }
        </Known>
        {tree.error !== undefined && <p class="quiet">{tree.error.message}</p>}
      </Section>
    )
  const { referrers } = tree.data
  return (
    <>
      <Section title="Manifests and blobs" aside={<Missing blobs={items} />}>
        <TreeTable tree={tree.data} stateOf={state} />
      </Section>
      {referrers.length > 0 && (
        <Section title="What refers to it">
          <ReferrerTable referrers={referrers} />
        </Section>
      )}
    </>
  )
}

function Missing({ blobs }: { readonly blobs: Blobs }) {
  const missing = blobs.filter(({ state }) => state !== 'fetched' && state !== 'present').length
  return missing === 0 ? null : <span class="quiet">{plural(missing, 'blob')} missing</span>
}

function Summary({ run, image }: { readonly run: string; readonly image: ImageDetails }) {
  const { state, reference, to, entry, digest, previous, upToDate, fetched, shared, remarks = [] } = image
  const may = useMay('submit')
  const retry = async () => {
    await change('/runs/{run}/retry', { run }, { images: [image.index] })
    return 'The image runs again.'
  }
  const facts = [
    [
      'Published as',
      state === 'done' ? (
        <Copied key="name" text={to ?? reference} shown={to ?? reference} what="name" />
      ) : (
        'not yet'
      ),
    ],
    ['Where', state !== 'done' ? undefined : to === undefined ? 'in the store' : 'at the registry'],
    ['Digest', digest && <Digest key="digest" digest={digest} />],
    ['Before', previous && <Digest key="previous" digest={previous} />],
    ['Mirror', entry],
    [
      'Fetched',
      upToDate
        ? 'nothing: it was up to date'
        : fetched && `${plural(fetched.objects, 'object')}, ${formatBytes(fetched.bytes)}`,
    ],
    [
      'Shared',
      shared &&
        shared.objects > 0 &&
        `${plural(shared.objects, 'object')}, ${formatBytes(shared.bytes)}, that were there or came for another image`,
    ],
  ] as const
  return (
    <section class="card" aria-label="Summary">
      <header>
        <State state={state} />
        {may && (state === 'failed' || state === 'canceled') && (
          <Action kind="main" label="Retry" act={retry} />
        )}
      </header>
      <Failure image={image} />
      {remarks.map((remark) => (
        <p key={remark} class="warning">
          {remark}
        </p>
      ))}
      <dl class="facts">
        {facts.map(
          ([name, value]) =>
            value !== undefined &&
            value !== false && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  )
}

function Failure({ image: { error, stage, reference } }: { readonly image: ImageDetails }) {
  if (error === undefined) return null
  return (
    <>
      <p class="error">
        {stage !== undefined && <b>While {stage}: </b>}
        {withoutBlob(withoutName(error.message, reference))}
      </p>
      <p class="advice">{adviceOf(error.code)}</p>
    </>
  )
}

function NoBlobs({ image }: { readonly image: ImageDetails | undefined }) {
  if (image?.state === 'done') return <Empty>The image is done: nothing is missing.</Empty>
  if (image?.state === 'waiting') return <Empty>Not known yet: the image waits for its turn.</Empty>
  return <Empty>No blob is under way.</Empty>
}
