interface Bar {
  readonly at: Date
  readonly value: number
  /** What the bar says, for people. */
  readonly label: string
}

interface ChartProps {
  /** What it shows, with the sum: it is read instead of the bars. */
  readonly title: string
  readonly bars: readonly Bar[]
  /** The text of the highest value. */
  readonly most: string
}

const [width, height] = [240, 48]

/** Values over time, as bars. The oldest is at the left. */
export function Chart({ title, bars, most }: ChartProps) {
  const top = Math.max(...bars.map(({ value }) => value), 0)
  const step = width / Math.max(1, bars.length)
  const [first, last] = [bars[0], bars.at(-1)]
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={title}>
        {bars.map(({ at, value, label }, i) => (
          <g key={at.getTime()}>
            <rect class="space" x={i * step} y={0} width={step} height={height}>
              <title>{label}</title>
            </rect>
            <Column x={i * step} width={step} share={top === 0 ? 0 : value / top} />
          </g>
        ))}
      </svg>
      <figcaption>
        <span>{first && timeOf(first.at)}</span>
        <span class="quiet">at most {most}</span>
        <span>{last && timeOf(last.at)}</span>
      </figcaption>
    </figure>
  )
}

interface ColumnProps {
  readonly x: number
  readonly width: number
  /** From 0 to 1. */
  readonly share: number
}

function Column({ x, width: step, share }: ColumnProps) {
  if (share === 0) return null
  // A little is not nothing.
  const tall = Math.max(1, share * height)
  return <rect class="amount" x={x + step * 0.1} y={height - tall} width={step * 0.8} height={tall} />
}

/** Hours and minutes, as the reader's clock shows them. */
export function timeOf(at: Date): string {
  return at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}
