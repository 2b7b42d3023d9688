import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { change } from '../api/call.js'
import { formatBytes, formatCount, plural } from '../format.js'
import { Action } from '../parts/action.js'
import { useMay } from '../parts/caller.js'
import { Empty, Known, Table } from '../parts/known.js'
import { useNow } from '../parts/now.js'
import { State } from '../parts/state.js'
import { Time } from '../parts/texts.js'

type Host = Answer<Routes['listHosts']>['items'][number]

/** Registries: how fast they may be asked, what is left of their quotas, and why they pause. */
export function Hosts() {
  const hosts = useAnswer('/hosts', {}, pace.fast)
  return (
    <>
      <h1>Hosts</h1>
      <Known live={hosts} what="the hosts">
        {({ items }) =>
          items.length === 0 ? <Empty>No registry is known yet.</Empty> : <HostTable hosts={items} />
        }
      </Known>
    </>
  )
}

const columns = [
  { title: 'Host' },
  { title: 'State' },
  { title: 'Quota' },
  { title: 'Last hour' },
  { title: 'Settings', kind: 'wide' },
  { title: 'Limits that it has shown', kind: 'wide' },
] as const

function HostTable({ hosts }: { readonly hosts: readonly Host[] }) {
  return (
    <Table caption="Registries" columns={columns}>
      {hosts.map((host) => (
        <tr key={host.host}>
          <td>{host.host === '*' ? 'all others' : host.host}</td>
          <td>
            <Pause host={host} /> <ResumeButton host={host} />
          </td>
          <td>
            {host.quotas.map((quota) => (
              <Quota key={quota.source} host={host.host} quota={quota} />
            ))}
          </td>
          <td>{host.answers !== undefined && <Answers answers={host.answers} />}</td>
          <td class="wide">{policyOf(host)}</td>
          <td class="wide">
            {host.limits.map((limit) => (
              <div key={JSON.stringify(limit)}>{limitOf(limit)}</div>
            ))}
          </td>
        </tr>
      ))}
    </Table>
  )
}

/** Whether a host pauses, until when and why. */
export function Pause({ host: { pausedUntil, because } }: { readonly host: Host }) {
  const now = useNow()
  if (pausedUntil === undefined) return <span class="quiet">open</span>
  return (
    <>
      <State state="paused" />{' '}
      {pausedUntil.getTime() > now ? (
        <>
          ends <Time at={pausedUntil} />
        </>
      ) : (
        'until its next request is answered'
      )}
      {because !== undefined && <span class="error line">{because}</span>}
    </>
  )
}

/** How a host has answered, and how often it refused because it was asked too much. */
function Answers({
  answers: { answers, refused, latency },
}: {
  readonly answers: NonNullable<Host['answers']>
}) {
  return (
    <>
      {plural(answers, 'answer')}
      {latency !== undefined && <span class="quiet">, {latency} ms</span>}
      {refused > 0 && <span class="warning line">{formatCount(refused)} refused (429)</span>}
    </>
  )
}

/** Ends a pause, or a wait for a quota, early. */
export function ResumeButton({ host: { host, pausedUntil, quotas } }: { readonly host: Host }) {
  const now = useNow()
  const may = useMay('submit')
  const isAhead = (time: Date | undefined) => time !== undefined && time.getTime() > now
  if (!may || !(isAhead(pausedUntil) || quotas.some(({ asksAt }) => isAhead(asksAt)))) return null
  const resume = async () => {
    const { wasPaused, asksForPulls, jobs } = await change('/hosts/{host}/resume', { host })
    if (asksForPulls) return `${host} is asked now whether it allows more pulls. Until it does, they wait.`
    if (!wasPaused) return `${host} was not paused any more.`
    return `The pause of ${host} has ended${jobs > 0 ? `; ${plural(jobs, 'job')} ${jobs === 1 ? 'goes' : 'go'} on` : ''}. Its next request tests whether it is back.`
  }
  return <Action label="Ask again now" about={host} act={resume} />
}

interface QuotaProps {
  readonly host: string
  readonly quota: Host['quotas'][number]
}

function Quota({ host, quota: { source, remaining, limit, asksAt } }: QuotaProps) {
  return (
    <div>
      {limit !== undefined && (
        <meter
          min={0}
          max={limit}
          low={limit / 5}
          optimum={limit}
          value={remaining}
          aria-label={`quota of ${host}`}
        />
      )}{' '}
      {formatCount(remaining)}
      {limit !== undefined && ` of ${formatCount(limit)}`} left <span class="quiet">for {source}</span>
      {asksAt !== undefined && (
        <>
          , asked again <Time at={asksAt} />
        </>
      )}
    </div>
  )
}

function policyOf({ policy: { requests, requestsPerSecond, bytesPerSecond, reservePulls } }: Host): string {
  return [
    `${requests} requests at a time`,
    requestsPerSecond !== undefined && `${requestsPerSecond}/s`,
    bytesPerSecond !== undefined && `${formatBytes(bytesPerSecond)}/s`,
    reservePulls > 0 && `${reservePulls} pulls are kept`,
  ]
    .filter((each) => each !== false)
    .join(', ')
}

function limitOf({ account, kind, rate, requests }: Host['limits'][number]): string {
  return [
    kind ?? 'all requests',
    account !== undefined && `of ${account}`,
    rate !== undefined && `${rate.toFixed(1)}/s`,
    requests !== undefined && `${requests} at a time`,
  ]
    .filter((each) => each !== false)
    .join(' ')
}
