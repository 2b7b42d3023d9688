import { pace, useAnswer } from '../api/answers.js'
import { go, Link } from '../navigate.js'
import { Choice } from '../parts/filters.js'
import { Empty, Known, Table } from '../parts/known.js'
import { noteRuns, type Run, RunCounts, RunProgress, RunSpeed } from '../parts/progress.js'
import { State } from '../parts/state.js'
import { RunLink, Time } from '../parts/texts.js'
import type { RunsFilter } from '../place.js'
import { CollectionFacts } from './collection.js'

type RunState = Run['state']
const states: readonly RunState[] = ['running', 'done', 'failed', 'canceled', 'lost']

/** What a run does, by its kind. */
export const kindNames: Readonly<Record<Run['kind'], string>> = {
  mirror: 'mirror',
  verify: 'verification',
  repair: 'repair',
  collect: 'garbage collection',
}

/** Runs of one page of the list. */
const limit = 50

/** All runs, the newest first. */
export function Runs({ state, schedule, cursor }: RunsFilter) {
  const known = states.find((each) => each === state)
  const runs = useAnswer('/runs', { query: { state: known, schedule, cursor, limit } }, pace.fast)
  noteRuns(runs.data?.items ?? [])
  const filter = { state: known, schedule }
  return (
    <>
      <h1>Runs</h1>
      <div class="filters">
        <Choice
          label="State"
          options={states}
          chosen={known}
          onChoose={(next) => go({ view: 'runs', schedule, state: next })}
        />
        {schedule !== undefined && (
          <span>
            of the schedule <b>{schedule}</b> <Link to={{ view: 'runs', state: known }}>show all</Link>
          </span>
        )}
      </div>
      <Known live={runs} what="the runs">
        {({ items, next }) => (
          <>
            {items.length === 0 ? (
              <NoRuns isFiltered={known !== undefined || schedule !== undefined} />
            ) : (
              <RunTable runs={items} />
            )}
            <nav class="pages" aria-label="Pages of the list">
              {cursor !== undefined && <Link to={{ view: 'runs', ...filter }}>Newest</Link>}
              {next !== undefined && <Link to={{ view: 'runs', ...filter, cursor: next }}>Older</Link>}
            </nav>
          </>
        )}
      </Known>
    </>
  )
}

function NoRuns({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty>
        No run is like this. <Link to={{ view: 'runs' }}>Show all runs</Link>
      </Empty>
    )
  return (
    <Empty>
      There is no run yet. Start one: <code>dist mirror -f mirror.yaml --queue redis://…</code>
    </Empty>
  )
}

const columns = [
  { title: 'Run' },
  { title: 'State' },
  { title: 'Progress' },
  { title: 'Images', kind: 'wide' },
  { title: 'Started by', kind: 'wide' },
  { title: 'Target', kind: 'wide' },
  { title: 'Started' },
] as const

function RunTable({ runs }: { readonly runs: readonly Run[] }) {
  return (
    <Table caption="Runs, the newest first" columns={columns}>
      {runs.map((run) => (
        <tr key={run.id}>
          <td>
            <RunLink run={run.id} />
            {run.kind !== 'mirror' && <span class="quiet line">{kindNames[run.kind]}</span>}
          </td>
          <td>
            <State state={run.state} />
            {run.state === 'running' && run.images.failed > 0 && (
              <span class="bad line">{run.images.failed} failed</span>
            )}
          </td>
          <td>
            {run.collection === undefined ? (
              <RunProgress run={run} />
            ) : (
              <CollectionFacts collection={run.collection} />
            )}
            <RunSpeed run={run} />
          </td>
          <td class="wide">{run.collection === undefined && <RunCounts images={run.images} />}</td>
          <td class="wide">
            <Starter run={run} />
          </td>
          <td class="wide">{run.to ?? 'the store'}</td>
          <td>
            <Time at={run.createdAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

/** What has started a run. */
export function Starter({ run: { schedule } }: { readonly run: Pick<Run, 'schedule'> }) {
  if (schedule === undefined) return <>a person or a program</>
  return (
    <Link to={{ view: 'runs', schedule }} title="runs of this schedule">
      {schedule}
    </Link>
  )
}
