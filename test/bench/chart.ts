import type { ScalePoint } from './distributed/scale.js'

interface Panel {
  readonly title: string
  readonly left: number
  readonly unit: string
  value(point: ScalePoint): number
}

const size = { width: 860, height: 360 }
const plot = { top: 70, width: 330, height: 220 }
/** Distinct for readers with red-green blindness, too, on white and on black. */
const colors = ['#0072b2', '#e69f00', '#009e73', '#cc79a7']

const panels: readonly Panel[] = [
  { title: 'Seconds for so many images', left: 60, unit: 's', value: ({ wall }) => wall },
  { title: 'Images per second', left: 490, unit: '/s', value: ({ images, wall }) => images / wall },
]

/** Two panels over the number of images, a line for each number of workers; the first has logarithmic axes. */
export function drawScale(points: readonly ScalePoint[]): string {
  const { width, height } = size
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>Time and throughput over the number of images, for each number of workers</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels.flatMap((panel, i) => draw(panel, points, i === 0)),
    ...legend(unique(points.map(({ workers }) => workers))),
    '</svg>',
    '',
  ].join('\n')
}

function draw(panel: Panel, points: readonly ScalePoint[], logarithmic: boolean): string[] {
  const counts = unique(points.map(({ images }) => images))
  const values = points.map((point) => panel.value(point))
  const x = axis(counts, plot.width, Math.log10)
  const y = logarithmic
    ? axis(roundSteps(Math.min(...values), Math.max(...values)), plot.height, Math.log10)
    : axis(evenSteps(Math.max(...values)), plot.height)
  const at = (point: ScalePoint): Place => [
    panel.left + x.place(point.images),
    plot.top + plot.height - y.place(panel.value(point)),
  ]
  const numbers = unique(points.map(({ workers }) => workers))
  return [
    `<text x="${panel.left}" y="${plot.top - 15}" font-weight="bold">${panel.title}</text>`,
    ...y.ticks.map((tick) => grid(panel, plot.top + plot.height - y.place(tick), `${tick} ${panel.unit}`)),
    ...unique(points.map(({ images }) => images)).map((images) =>
      label(panel.left + x.place(images), images),
    ),
    ...numbers.flatMap((workers, i) =>
      line(points.filter((point) => point.workers === workers).map(at), colors[i % colors.length] ?? ''),
    ),
  ]
}

type Place = readonly [x: number, y: number]

function line(places: readonly Place[], color: string): string[] {
  const path = places.map((place) => place.map((each) => each.toFixed(1)).join(',')).join(' ')
  const dot = ([x, y]: Place) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3.5" fill="${color}"/>`
  return [`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`, ...places.map(dot)]
}

function grid({ left }: Panel, y: number, text: string): string {
  const rule = `<line x1="${left}" y1="${y.toFixed(1)}" x2="${left + plot.width}" y2="${y.toFixed(1)}" stroke="#ddd"/>`
  return `${rule}<text x="${left - 6}" y="${(y + 4).toFixed(1)}" text-anchor="end" fill="#555">${text}</text>`
}

function label(x: number, images: number): string {
  const y = plot.top + plot.height + 18
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="middle" fill="#555">${images}</text>`
}

function legend(numbers: readonly number[]): string[] {
  return numbers.map((workers, i) => {
    const x = 60 + i * 110
    const text = workers === 1 ? '1 worker' : `${workers} workers`
    return `<rect x="${x}" y="18" width="14" height="4" fill="${colors[i % colors.length]}"/><text x="${x + 20}" y="24">${text}</text>`
  })
}

/** Places for values along an axis of so many pixels that begins and ends with a tick. */
function axis(ticks: readonly number[], length: number, on = (value: number) => value) {
  const [from, to] = [on(ticks[0] ?? 0), on(ticks.at(-1) ?? 1)]
  return { ticks, place: (value: number) => ((on(value) - from) / (to - from || 1)) * length }
}

/** 1, 2, 5, 10, ... from below the lowest value to above the highest. */
function roundSteps(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low))
  const decades = Math.ceil(Math.log10(high)) - first
  const all = Array.from({ length: decades + 1 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** (first + i)))
    .flat()
    .map((step) => Number(step.toPrecision(1)))
  const start = all.findLastIndex((step) => step <= low)
  return all.slice(start, all.findIndex((step) => step >= high) + 1)
}

/** From 0 to above the highest value, in about four round steps. */
function evenSteps(high: number): number[] {
  const rough = high / 4
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10) * unit
  return Array.from({ length: Math.ceil(high / step) + 1 }, (_, i) => i * step)
}

function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}
