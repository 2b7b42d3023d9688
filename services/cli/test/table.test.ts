import { expect, it } from 'vitest'
import type { Context } from '../src/context.js'
import { type Column, shortenDigests, tableFor } from '../src/output/table.js'

const stdout = (columns?: number) =>
  ({ stdout: { isTTY: columns !== undefined, columns } }) as unknown as Context
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
const columns: readonly Column[] = [
  { title: 'REF', cut: 'name', least: 24 },
  { title: 'TYPE', rank: 3 },
  { title: 'DIGEST' },
  { title: 'SIZE', rank: 1 },
  { title: 'PLATFORMS', cut: 'end', least: 12, rank: 2 },
]
const names = [
  'registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.13.0',
  'docker.io/library/alpine:3.20',
  `quay.io/prometheus/node-exporter@${digest}`,
]
const rows = names.map((name) => [
  name,
  'OCI index',
  digest,
  '41.3 MiB',
  'linux/amd64,linux/arm/v7,linux/arm64',
])
const linesAt = (width?: number, trunc = true) =>
  tableFor(stdout(width), columns, rows, { trunc }).trimEnd().split('\n')

it('columns are as wide as their widest cell, without trailing spaces', () => {
  const two = [{ title: 'A' }, { title: 'B' }]
  const table = tableFor(stdout(), two, [
    ['long', ''],
    ['x', 'y'],
  ])
  expect(table).toBe('A     B\nlong\nx     y\n')
  expect(tableFor(stdout(60), two, [])).toBe('A  B\n')
})

it('cells are not truncated without a terminal, or with --no-trunc', () => {
  const [head, ...whole] = linesAt()
  expect(head).toMatch(/^REF +TYPE +DIGEST +SIZE +PLATFORMS$/)
  for (const [i, line] of whole.entries()) for (const cell of rows[i] ?? []) expect(line).toContain(cell)
  expect(linesAt(60, false)).toEqual([head, ...whole])
})

it.each([40, 60, 80, 100, 140])(
  'no line is wider than a terminal of %i columns, and each name keeps its tag',
  (width) => {
    const [head = '', ...lines] = linesAt(width)
    for (const line of [head, ...lines]) expect(line.length).toBeLessThanOrEqual(width)
    expect(lines[0]).toContain(':v2.13.0 ')
    expect(lines[1]).toContain('alpine:3.20 ')
    for (const line of lines) expect(line).toMatch(/ sha256:0123456789ab( |$)/)
    expect(head).toMatch(/^REF +(TYPE +)?DIGEST( +SIZE)?( +PLATFORMS)?$/)
  },
)

it('60 columns shorten the middle of names, a wide terminal shortens only digests', () => {
  expect(linesAt(60)[1]).toMatch(
    /^r[a-z.]*…\/kube-state-metrics:v2\.13\.0 +sha256:0123456789ab {2}41\.3 MiB$/,
  )
  expect(linesAt(60)[3]).toMatch(/^\S*…exporter@sha256:0123456789ab {2}/)
  const wide = linesAt(160)
  expect(wide[1]).toContain(`${names[0]}  OCI index`)
  expect(wide[3]).toContain('node-exporter@sha256:0123456789ab ')
})

it('only digests are shortened, at any position', () => {
  expect(shortenDigests(`layer-${digest} of a@${digest}:x`)).toBe(
    'layer-sha256:0123456789ab of a@sha256:0123456789ab:x',
  )
  expect(shortenDigests('sha256:0123')).toBe('sha256:0123')
})
