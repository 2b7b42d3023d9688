import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { change } from '../api/call.js'
import { formatBytes, formatDuration, plural } from '../format.js'
import { Link } from '../navigate.js'
import { Action } from '../parts/action.js'
import { ReadOnly, useMay } from '../parts/caller.js'
import { Facts } from '../parts/facts.js'
import { Known } from '../parts/known.js'
import { ObstacleList } from '../parts/obstacles.js'
import { noteRuns, RunCounts, RunProgress, RunSpeed } from '../parts/progress.js'
import { State } from '../parts/state.js'
import { Copied, RunLink, Time } from '../parts/texts.js'
import type { ImagesFilter } from '../place.js'
import { Causes } from './causes.js'
import { CollectionFacts } from './collection.js'
import { Images } from './images.js'
import { kindNames, Starter } from './runs.js'

type RunDetails = Answer<Routes['getRun']>

/** One run: how far it is, what it waits for, what failed, and its images. */
export function Run({ run: id, ...filter }: ImagesFilter & { readonly run: string }) {
  const run = useAnswer('/runs/{run}', { params: { run: id } }, pace.fast)
  if (run.data !== undefined) noteRuns([run.data])
  return (
    <>
      <h1>
        <Link to={{ view: 'runs' }}>Runs</Link> / <Copied text={id} shown={id} what="id" />
      </h1>
      <Known live={run} what="the run">
        {(data) => (
          <>
            <Summary run={data} />
            {data.images.failed > 0 && <Causes run={id} chosen={filter.cause} />}
            {data.collection === undefined && <Images run={id} filter={filter} />}
          </>
        )}
      </Known>
    </>
  )
}

function Summary({ run }: { readonly run: RunDetails }) {
  const { images, obstacles, error, remarks, pruned, collection, undelivered } = run
  return (
    <section class="card" aria-label="Summary">
      <header>
        <State state={run.state} />
        {collection === undefined && (
          <RunCounts images={images}>
            <RunSpeed run={run} />
          </RunCounts>
        )}
        <Buttons run={run} />
      </header>
      {collection === undefined ? <RunProgress run={run} /> : <CollectionFacts collection={collection} />}
      {error !== undefined && <p class="trouble">{error.message}</p>}
      <ObstacleList obstacles={obstacles} />
      {remarks.map((remark) => (
        <p key={remark} class="warning">
          {remark}
        </p>
      ))}
      {undelivered.map(({ entry, target, error: { message } }) => (
        <p key={`${entry} ${target}`} class="warning">
          The notice of {entry} was not delivered to {target}: {message}
        </p>
      ))}
      <RunFacts run={run} />
      {pruned.names + pruned.failed > 0 && (
        <p>
          {plural(pruned.names, 'name')} pruned
          {pruned.failed > 0 && <span class="bad">, {plural(pruned.failed, 'mirror')} could not prune</span>}
        </p>
      )}
      <ReadOnly command={images.failed > 0 ? `dist retry ${run.id}` : `dist cancel ${run.id}`} />
    </section>
  )
}

function RunFacts({ run }: { readonly run: RunDetails }) {
  const { kind, createdAt, endedAt, elapsed, to, store, platforms, blobs, bytes, repair } = run
  const facts = [
    ['What', kindNames[kind]],
    ['Target', to ?? <StoreName key="target" store={store} />],
    ['Platforms', platforms === 'all' ? 'all' : platforms.join(', ')],
    ['Started', <Time key="started" at={createdAt} />],
    ['Started by', <Starter key="starter" run={run} />],
    ...(endedAt === undefined ? [] : [['Ended', <Time key="ended" at={endedAt} />] as const]),
    ...(repair === undefined ? [] : [['Repair', <RunLink key="repair" run={repair} />] as const]),
    ['Time of work', formatDuration(elapsed)],
    ['Blobs', `${blobs.done} of ${plural(blobs.total, 'missing blob')} done`],
    ['Bytes', bytes.total === 0 ? 'none' : `${formatBytes(bytes.fetched)} of ${formatBytes(bytes.total)}`],
  ] as const
  return <Facts facts={facts} />
}

/** The id of the store, if it is known yet. */
function StoreName({ store }: { readonly store: string }) {
  return store === '' ? (
    <>the store</>
  ) : (
    <Copied text={store} shown={`store ${store.slice(0, 8)}`} what="id" />
  )
}

function Buttons({ run: { id: run, state, images } }: { readonly run: RunDetails }) {
  const retries = images.failed + images.canceled
  if (!useMay('submit')) return null
  const retry = async () => {
    const again = await change('/runs/{run}/retry', { run }, {})
    return `${plural(again.images, 'image')} of this run ${again.images === 1 ? 'runs' : 'run'} again.`
  }
  const cancel = async () => {
    await change('/runs/{run}/cancel', { run })
    return 'The run is canceled. Published images stay published.'
  }
  return (
    <span class="buttons">
      {retries > 0 && <Action kind="main" label={`Retry all ${retries}`} act={retry} />}
      {state === 'running' && (
        <Action
          label="Cancel"
          act={cancel}
          confirm={{ question: 'Cancel this run? Published images stay.', yes: 'Cancel the run' }}
        />
      )}
    </span>
  )
}
