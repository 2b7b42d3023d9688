import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { change } from '../api/call.js'
import { formatDuration, plural } from '../format.js'
import { Link } from '../navigate.js'
import { Action } from '../parts/action.js'
import { ReadOnly, useMay } from '../parts/caller.js'
import { Empty, Known, Section, Table } from '../parts/known.js'
import { State } from '../parts/state.js'
import { RunLink, Time } from '../parts/texts.js'

type Schedule = Answer<Routes['listSchedules']>['items'][number]

/** The schedules: when each starts next, and what its last run has come to. */
export function Schedules() {
  const schedules = useAnswer('/schedules', {}, pace.fast)
  return (
    <>
      <h1>Schedules</h1>
      <Known live={schedules} what="the schedules">
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              There is no schedule. Entries of a mirror file that have <code>schedule</code> become some:{' '}
              <code>dist schedule apply mirror.yaml</code>
            </Empty>
          ) : (
            <>
              <ScheduleTable schedules={items} />
              <ReadOnly needs="admin" command="dist schedule run NAME" />
            </>
          )
        }
      </Known>
      <Mirrors />
    </>
  )
}

const mirrorColumns = [
  { title: 'Mirror' },
  { title: 'Last result' },
  { title: 'Last success' },
  { title: 'Run' },
] as const

/** The last results of the mirrors of mirror files, whatever started their runs. */
function Mirrors() {
  const mirrors = useAnswer('/mirrors', {}, pace.slow)
  return (
    <Section title="Mirrors">
      <Known live={mirrors} what="the mirrors">
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              No mirror with a <code>name</code> has ended yet.
            </Empty>
          ) : (
            <Table caption="Last results of mirrors" columns={mirrorColumns}>
              {items.map(({ name, state, endedAt, succeededAt, run }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>
                    <State state={state} /> <Time at={endedAt} />
                  </td>
                  <td>
                    {succeededAt === undefined ? (
                      <span class="bad">none yet</span>
                    ) : (
                      <Time at={succeededAt} />
                    )}
                  </td>
                  <td>
                    <RunLink run={run} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Known>
    </Section>
  )
}

const columns = [
  { title: 'Schedule' },
  { title: 'Last run' },
  { title: 'Next' },
  { title: 'When', kind: 'wide' },
  { title: 'File', kind: 'wide' },
  { title: '' },
] as const

function ScheduleTable({ schedules }: { readonly schedules: readonly Schedule[] }) {
  return (
    <Table caption="Schedules" columns={columns}>
      {schedules.map((schedule) => (
        <tr key={schedule.name}>
          <td>
            <Link to={{ view: 'runs', schedule: schedule.name }}>{schedule.name}</Link>
          </td>
          <td>
            <LastRun schedule={schedule} />
          </td>
          <td>
            <NextRun schedule={schedule} />
          </td>
          <td class="wide">{timingOf(schedule)}</td>
          <td class="wide">{schedule.file}</td>
          <td>
            <Buttons schedule={schedule} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

function LastRun({ schedule: { run, error, skipped } }: { readonly schedule: Schedule }) {
  return (
    <>
      {run === undefined && error === undefined && <span class="quiet">none yet</span>}
      {run !== undefined && (
        <>
          {run.state !== undefined && <State state={run.state} />} <RunLink run={run.id} />{' '}
          <Time at={run.startedAt} />
        </>
      )}
      {error !== undefined && <span class="error line">The last start failed: {error.message}</span>}
      {skipped > 0 && (
        <span class="warning line">{plural(skipped, 'start')} left out: the run was going</span>
      )}
    </>
  )
}

/** When a schedule starts a run next. */
export function NextRun({ schedule: { next, paused } }: { readonly schedule: Schedule }) {
  if (paused) return <State state="paused" />
  return next === undefined ? <span class="quiet">not known</span> : <Time at={next} />
}

function timingOf({ timing }: Schedule): string {
  if ('every' in timing) return `every ${formatDuration(timing.every)}`
  return `${timing.pattern} (${timing.timeZone})`
}

function Buttons({ schedule: { name, paused } }: { readonly schedule: Schedule }) {
  const maySubmit = useMay('submit')
  const mayPause = useMay('admin')
  const run = async () => {
    const started = await change('/schedules/{name}/run', { name })
    return `${name} has started the run ${started.run}.`
  }
  const pause = async () => {
    await change('/schedules/{name}/pause', { name })
    return `${name} starts no runs until it is resumed.`
  }
  const resume = async () => {
    await change('/schedules/{name}/resume', { name })
    return `${name} starts runs again.`
  }
  return (
    <span class="buttons">
      <Link to={{ view: 'preview', schedule: name }}>Preview</Link>
      {maySubmit && <Action label="Run now" about={name} act={run} />}
      {mayPause &&
        (paused ? (
          <Action label="Resume" about={name} act={resume} />
        ) : (
          <Action label="Pause" about={name} act={pause} />
        ))}
    </span>
  )
}
