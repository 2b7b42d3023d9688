import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { change } from '../api/call.js'
import { formatBytes, formatCount, shareOf } from '../format.js'
import { Action } from '../parts/action.js'
import { ReadOnly, useMay } from '../parts/caller.js'
import { Empty, Known, Section, Table } from '../parts/known.js'
import { Bar, State } from '../parts/state.js'
import { Time } from '../parts/texts.js'

type Service = Answer<Routes['listServices']>['items'][number]
type Transfer = Answer<Routes['listTransfers']>['items'][number]
type Queue = Answer<Routes['listQueues']>['items'][number]

/** The services, what workers write now, and the queues. */
export function Services() {
  const services = useAnswer('/services', {}, pace.fast)
  const transfers = useAnswer('/transfers', {}, pace.fast)
  const queues = useAnswer('/queues', {}, pace.fast)
  return (
    <>
      <h1>Services</h1>
      <Known live={services} what="the services">
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              No service has been alive within the last hour. Start some: <code>dist coordinator</code>,{' '}
              <code>dist worker</code>
            </Empty>
          ) : (
            <ServiceTable services={items} />
          )
        }
      </Known>
      <Section title="What workers write now">
        <Known live={transfers} what="the transfers">
          {({ items }) =>
            items.length === 0 ? <Empty>Nothing is written.</Empty> : <TransferTable transfers={items} />
          }
        </Known>
      </Section>
      <Section title="Queues">
        <Known live={queues} what="the queues">
          {({ items }) => (
            <>
              <QueueTable queues={items} />
              <ReadOnly needs="admin" />
            </>
          )}
        </Known>
      </Section>
    </>
  )
}

const serviceColumns = [
  { title: 'Service' },
  { title: 'State' },
  { title: 'Jobs', kind: 'number' },
  { title: 'Version', kind: 'wide' },
  { title: 'Machine', kind: 'wide' },
  { title: 'Started', kind: 'wide' },
  { title: 'Last seen' },
] as const

function ServiceTable({ services }: { readonly services: readonly Service[] }) {
  return (
    <Table caption="Services that are alive, or were so within the last hour" columns={serviceColumns}>
      {services.map(({ id, service, name, alive, active, version, host, pid, startedAt, seenAt }) => (
        <tr key={id}>
          <td>
            {service} <b>{name}</b>
          </td>
          <td>
            <State state={alive ? 'alive' : 'silent'} />
          </td>
          <td class="number">{active}</td>
          <td class="wide">{version}</td>
          <td class="wide">
            {host} <span class="quiet">process {pid}</span>
          </td>
          <td class="wide">
            <Time at={startedAt} />
          </td>
          <td>
            <Time at={seenAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

const transferColumns = [
  { title: 'Worker' },
  { title: 'What' },
  { title: 'Progress' },
  { title: 'Since', kind: 'wide' },
] as const

function TransferTable({ transfers }: { readonly transfers: readonly Transfer[] }) {
  return (
    <Table caption="Transfers" columns={transferColumns}>
      {transfers.map(({ worker, ref, offset, total, startedAt }) => (
        <tr key={`${worker} ${ref}`}>
          <td>{worker}</td>
          <td class="mono line" title={ref}>
            {ref}
          </td>
          <td>
            <Bar share={total && shareOf(offset, total)} label={`progress of ${ref}`} />
            {formatBytes(offset)}
            {total !== undefined && ` of ${formatBytes(total)}`}
          </td>
          <td class="wide">
            <Time at={startedAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

const queueColumns = [
  { title: 'Queue' },
  { title: 'State' },
  { title: 'Active', kind: 'number' },
  { title: 'Waiting', kind: 'number' },
  { title: 'Delayed', kind: 'wide number' },
  { title: 'Blocked', kind: 'wide number' },
  { title: '' },
] as const

function QueueTable({ queues }: { readonly queues: readonly Queue[] }) {
  const may = useMay('admin')
  return (
    <Table caption="Queues, and the jobs in them" columns={queueColumns}>
      {queues.map(({ name, paused, jobs }) => (
        <tr key={name}>
          <td>{name}</td>
          <td>{paused ? <State state="paused" /> : 'open'}</td>
          <td class="number">{formatCount(jobs.active)}</td>
          <td class="number">{formatCount(jobs.waiting)}</td>
          <td class="wide number">{formatCount(jobs.delayed)}</td>
          <td class="wide number">{formatCount(jobs.blocked)}</td>
          <td class="buttons">{may && <PauseButton queue={name} paused={paused} />}</td>
        </tr>
      ))}
    </Table>
  )
}

function PauseButton({ queue, paused }: { readonly queue: string; readonly paused: boolean }) {
  const pause = async () => {
    await change('/queues/{queue}/pause', { queue })
    return `No job of the queue ${queue} starts until it is resumed.`
  }
  const resume = async () => {
    await change('/queues/{queue}/resume', { queue })
    return `The queue ${queue} goes on.`
  }
  return paused ? (
    <Action label="Resume" about={`queue ${queue}`} act={resume} />
  ) : (
    <Action label="Pause" about={`queue ${queue}`} act={pause} />
  )
}
