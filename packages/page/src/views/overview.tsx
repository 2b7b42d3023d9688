import type { Answer, Routes } from '@dist/api'
import { adviceOf } from '../advice.js'
import { type Live, pace, useAnswer } from '../api/answers.js'
import { formatBytes, plural } from '../format.js'
import { Link } from '../navigate.js'
import { Empty, Known, Section, Table } from '../parts/known.js'
import { ObstacleList } from '../parts/obstacles.js'
import { noteRuns, type Run, RunCounts, RunProgress, RunSpeed, speeds } from '../parts/progress.js'
import { State } from '../parts/state.js'
import { RunLink, Time } from '../parts/texts.js'
import { CollectionFacts } from './collection.js'
import { Pause, ResumeButton } from './hosts.js'
import { kindNames, Starter } from './runs.js'
import { NextRun } from './schedules.js'
import { StoreLine } from './store.js'
import { Throughput } from './throughput.js'

type Services = Answer<Routes['listServices']>

/** What people come for: is it working, what does it do, what failed, and why does it wait. */
export function Overview() {
  const running = useAnswer('/runs', { query: { state: 'running', limit: 20 } }, pace.fast)
  const ended = useAnswer('/runs', { query: { limit: 6 } }, pace.slow)
  const obstacles = useAnswer('/obstacles', {}, pace.fast)
  const failures = useAnswer('/failures', {}, pace.slow)
  noteRuns(running.data?.items ?? [])
  return (
    <>
      <h1>Overview</h1>
      <Headline running={running} failing={failures} />
      {obstacles.data !== undefined && obstacles.data.items.length > 0 && (
        <Section title="Needs attention">
          <ObstacleList obstacles={obstacles.data.items} />
        </Section>
      )}
      <Section title="Running now">
        <Known live={running} what="the runs">
          {({ items }) => (items.length === 0 ? <Empty>Nothing runs.</Empty> : <RunCards runs={items} />)}
        </Known>
      </Section>
      <Throughput />
      <Section title="Failures of the last day">
        <Known live={failures} what="the failures">
          {({ items }) =>
            items.length === 0 ? <Empty>No image has failed.</Empty> : <CauseTable causes={items} />
          }
        </Known>
      </Section>
      <div class="columns">
        <Section title="Last runs" aside={<Link to={{ view: 'runs' }}>all</Link>}>
          <Known live={ended} what="the runs">
            {({ items }) => <LastRuns runs={items.filter(({ state }) => state !== 'running')} />}
          </Known>
        </Section>
        <NextSchedules />
        <ServiceCounts />
        <StoreLine />
        <PausedHosts />
      </div>
    </>
  )
}

interface HeadlineProps {
  readonly running: Live<Answer<Routes['listRuns']>>
  readonly failing: Live<Answer<Routes['listFailures']>>
}

/** All of it in one sentence. */
function Headline({ running, failing }: HeadlineProps) {
  const runs = running.data?.items
  if (runs === undefined) return null
  const speed = runs.reduce((sum, { id }) => sum + (speeds.of(id) ?? 0), 0)
  const failed = failing.data?.items.reduce((sum, { images }) => sum + images, 0) ?? 0
  return (
    <p class="headline">
      {runs.length === 0 ? 'Nothing runs' : `${plural(runs.length, 'run')} under way`}
      {speed > 0 && `, ${formatBytes(speed)}/s`}
      {failed > 0 && <span class="bad">, {plural(failed, 'image')} failed within a day</span>}.
    </p>
  )
}

function RunCards({ runs }: { readonly runs: readonly Run[] }) {
  return (
    <ul class="cards">
      {runs.map((run) => (
        <li key={run.id} class="card">
          <header>
            <RunLink run={run.id} />
            <span class="quiet">
              <Starter run={run} />, <Time at={run.createdAt} />
              {run.to !== undefined && `, to ${run.to}`}
            </span>
          </header>
          {run.collection === undefined ? (
            <CardProgress run={run} />
          ) : (
            <CollectionFacts collection={run.collection} />
          )}
        </li>
      ))}
    </ul>
  )
}

function CardProgress({ run }: { readonly run: Run }) {
  return (
    <>
      <RunProgress run={run} />
      <p>
        <RunCounts images={run.images}>
          <RunSpeed run={run} />
        </RunCounts>
      </p>
    </>
  )
}

const causeColumns = [{ title: 'Images', kind: 'number' }, { title: 'Why' }, { title: 'Run' }] as const

function CauseTable({ causes }: { readonly causes: Answer<Routes['listFailures']>['items'] }) {
  return (
    <Table caption="What images failed of" columns={causeColumns}>
      {causes.slice(0, 10).map(({ cause, images, run }) => (
        <tr key={cause.id}>
          <td class="number">{images}</td>
          <td>
            <span class="error">{cause.message}</span>
            <span class="advice line">{adviceOf(cause.code)}</span>
          </td>
          <td class="nowrap">
            <Link to={{ view: 'run', run, cause: cause.id }}>show</Link>
          </td>
        </tr>
      ))}
    </Table>
  )
}

function LastRuns({ runs }: { readonly runs: readonly Run[] }) {
  if (runs.length === 0) return <Empty>No run has ended yet.</Empty>
  return (
    <ul class="lines">
      {runs.map((run) => (
        <li key={run.id}>
          <State state={run.state} /> <RunLink run={run.id} />{' '}
          {run.collection === undefined ? <RunCounts images={run.images} /> : kindNames[run.kind]}{' '}
          <span class="quiet">{run.endedAt && <Time at={run.endedAt} />}</span>
        </li>
      ))}
    </ul>
  )
}

/** Schedules that are listed. */
const nextAtMost = 5

function NextSchedules() {
  const schedules = useAnswer('/schedules', {}, pace.slow)
  return (
    <Section title="Next schedules" aside={<Link to={{ view: 'schedules' }}>all</Link>}>
      <Known live={schedules} what="the schedules">
        {({ items }) => {
          const due = items.filter(({ next, paused }) => next !== undefined && !paused)
          if (due.length === 0) return <Empty>No schedule starts a run.</Empty>
          const soonest = due.toSorted((a, b) => Number(a.next) - Number(b.next)).slice(0, nextAtMost)
          return (
            <ul class="lines">
              {soonest.map((schedule) => (
                <li key={schedule.name}>
                  {schedule.name} <NextRun schedule={schedule} />
                </li>
              ))}
            </ul>
          )
        }}
      </Known>
    </Section>
  )
}

function ServiceCounts() {
  const services = useAnswer('/services', {}, pace.slow)
  return (
    <Section title="Services" aside={<Link to={{ view: 'services' }}>all</Link>}>
      <Known live={services} what="the services">
        {(answer) => (
          <ul class="lines">
            {['coordinator', 'worker'].map((kind) => (
              <ServiceCount key={kind} kind={kind} services={answer} />
            ))}
          </ul>
        )}
      </Known>
    </Section>
  )
}

function ServiceCount({ kind, services }: { readonly kind: string; readonly services: Services }) {
  const those = services.items.filter(({ service }) => service === kind)
  const alive = those.filter((each) => each.alive).length
  const silent = those.length - alive
  return (
    <li>
      <span class={alive === 0 ? 'bad' : undefined}>
        {alive === 0 ? `no ${kind}` : plural(alive, kind)} alive
      </span>
      {silent > 0 && <span class="warning">, {silent} silent</span>}
    </li>
  )
}

function PausedHosts() {
  const hosts = useAnswer('/hosts', {}, pace.slow)
  return (
    <Section title="Hosts that pause" aside={<Link to={{ view: 'hosts' }}>all</Link>}>
      <Known live={hosts} what="the hosts">
        {({ items }) => {
          const paused = items.filter(({ pausedUntil }) => pausedUntil !== undefined)
          if (paused.length === 0) return <Empty>None.</Empty>
          return (
            <ul class="lines">
              {paused.map((host) => (
                <li key={host.host}>
                  <b>{host.host}</b> <Pause host={host} /> <ResumeButton host={host} />
                </li>
              ))}
            </ul>
          )
        }}
      </Known>
    </Section>
  )
}
