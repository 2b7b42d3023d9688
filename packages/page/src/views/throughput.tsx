import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { formatBytes, formatCount, plural } from '../format.js'
import { Chart, timeOf } from '../parts/chart.js'
import { Known, Section } from '../parts/known.js'

type Steps = Answer<Routes['getThroughput']>['hour']

/** What all services have moved, over the last hour and the last day. */
export function Throughput() {
  const throughput = useAnswer('/throughput', {}, pace.slow)
  return (
    <Section title="Throughput">
      <Known live={throughput} what="the throughput">
        {({ hour, day }) => (
          <div class="columns throughput">
            <Span title="Last hour" steps={hour} />
            <Span title="Last day" steps={day} />
          </div>
        )}
      </Known>
    </Section>
  )
}

function Span({ title, steps }: { readonly title: string; readonly steps: Steps }) {
  const sum = (name: 'bytes' | 'images' | 'failed') => steps.reduce((total, step) => total + step[name], 0)
  const [bytes, images, failed] = [sum('bytes'), sum('images'), sum('failed')]
  const rates = steps.map((step) => ({ at: step.at, value: step.bytes / step.seconds }))
  const counts = steps.map((step) => ({ at: step.at, value: step.images }))
  const fastest = Math.max(...rates.map(({ value }) => value), 0)
  const most = Math.max(...counts.map(({ value }) => value), 0)
  return (
    <div>
      <h3>{title}</h3>
      <p>
        <b>{formatBytes(bytes)}</b> received, <b>{plural(images, 'image')}</b> done
        {failed > 0 && <span class="bad">, {formatCount(failed)} failed</span>}
      </p>
      <Chart
        title={`${title}: ${formatBytes(bytes)} received, at most ${formatBytes(fastest)}/s`}
        bars={rates.map((each) => ({ ...each, label: `${timeOf(each.at)}: ${formatBytes(each.value)}/s` }))}
        most={`${formatBytes(fastest)}/s`}
      />
      <Chart
        title={`${title}: ${plural(images, 'image')} done`}
        bars={counts.map((each) => ({
          ...each,
          label: `${timeOf(each.at)}: ${plural(each.value, 'image')}`,
        }))}
        most={plural(most, 'image')}
      />
    </div>
  )
}
