import { readFileSync, writeFileSync } from 'node:fs'
import { drawScale } from './chart.js'
import type { ScalePoint } from './distributed/scale.js'

// Draws what `npm run bench -- scale --json FILE` has written: npm run bench -- picture FILE SVG
const [, , from, to] = process.argv
if (from === undefined || to === undefined) {
  console.error('npm run bench -- picture JSON SVG')
  process.exit(2)
}
const { scale } = JSON.parse(readFileSync(from, 'utf8')) as { scale?: readonly ScalePoint[] | undefined }
if (scale === undefined) {
  console.error(`bench: ${from} has no figures of scale: npm run bench -- scale --json ${from}`)
  process.exit(1)
}
writeFileSync(to, drawScale(scale))
