import { axis, evenSteps, roundSteps, unique } from './axis.js'

/** One line of a panel. Lines of the same name have the same color in all panels. */
export interface Line {
  readonly name: string
  readonly points: readonly Point[]
}

export type Point = readonly [x: number, y: number]

export interface Panel {
  readonly title: string
  /** Behind the figures of the y axis. */
  readonly unit: string
  /** The y axis is logarithmic; the x axis always is. */
  readonly logarithmic?: boolean | undefined
  readonly lines: readonly Line[]
}

/** Two panels beside each other. */
export interface Chart {
  readonly title: string
  readonly panels: readonly [Panel, Panel]
}

const size = { width: 860, height: 360 }
const plot = { top: 70, width: 330, height: 220 }
const lefts = [60, 490]
/** Distinct for readers with red-green blindness, too, on white and on black. */
const colors = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9']

export function drawChart({ title, panels }: Chart): string {
  const { width, height } = size
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels.flatMap((panel, i) => draw(panel, lefts[i] ?? 0, names)),
    ...legend(names),
    '</svg>',
    '',
  ].join('\n')
}

function draw({ title, unit, logarithmic, lines }: Panel, left: number, names: readonly string[]): string[] {
  const points = lines.flatMap((line) => line.points)
  const columns = unique(points.map(([x]) => x))
  const values = points.map(([, y]) => y)
  const x = axis(columns, plot.width, Math.log10)
  const y = logarithmic
    ? axis(roundSteps(Math.min(...values), Math.max(...values)), plot.height, Math.log10)
    : axis(evenSteps(Math.max(...values)), plot.height)
  const at = (point: Point): Point => [left + x.place(point[0]), plot.top + plot.height - y.place(point[1])]
  return [
    `<text x="${left}" y="${plot.top - 15}" font-weight="bold">${title}</text>`,
    ...y.ticks.map((tick) => grid(left, plot.top + plot.height - y.place(tick), `${tick} ${unit}`)),
    ...columns.map((column) => label(left + x.place(column), column)),
    ...lines.flatMap((line) => polyline(line.points.map(at), colorOf(line.name, names))),
  ]
}

function colorOf(name: string, names: readonly string[]): string {
  return colors[names.indexOf(name) % colors.length] ?? ''
}

function polyline(places: readonly Point[], color: string): string[] {
  const path = places.map((place) => place.map((each) => each.toFixed(1)).join(',')).join(' ')
  const dot = ([x, y]: Point) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3.5" fill="${color}"/>`
  return [`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`, ...places.map(dot)]
}

function grid(left: number, y: number, text: string): string {
  const rule = `<line x1="${left}" y1="${y.toFixed(1)}" x2="${left + plot.width}" y2="${y.toFixed(1)}" stroke="#ddd"/>`
  return `${rule}<text x="${left - 6}" y="${(y + 4).toFixed(1)}" text-anchor="end" fill="#555">${text}</text>`
}

function label(x: number, figure: number): string {
  const y = plot.top + plot.height + 18
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="middle" fill="#555">${figure}</text>`
}

function legend(names: readonly string[]): string[] {
  return names.map((name, i) => {
    const x = 60 + i * 150
    return `<rect x="${x}" y="18" width="14" height="4" fill="${colorOf(name, names)}"/><text x="${x + 20}" y="24">${name}</text>`
  })
}
