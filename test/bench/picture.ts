import { readFileSync, writeFileSync } from 'node:fs'
import { drawChart } from './chart.js'
import { charts, type Figures } from './charts.js'

// Draws what `npm run bench -- NAME --json FILE` has written: npm run bench -- picture NAME FILE SVG
const [, , name = '', from, to] = process.argv
if (!isChart(name) || from === undefined || to === undefined) {
  console.error(`npm run bench -- picture ${Object.keys(charts).join('|')} JSON SVG`)
  process.exit(2)
}
const chart = charts[name](JSON.parse(readFileSync(from, 'utf8')) as Figures)
if (chart === undefined) {
  console.error(`bench: ${from} has no figures of ${name}: npm run bench -- ${name} --json ${from}`)
  process.exit(1)
}
writeFileSync(to, drawChart(chart))

function isChart(text: string): text is keyof typeof charts {
  return Object.hasOwn(charts, text)
}
