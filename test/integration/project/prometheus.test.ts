import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { documentedMetrics } from '../support/documented-metrics.js'
import { promtool } from '../support/promtool.js'

const rules = 'infra/prometheus/dist.rules.yml'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }[]
}

const dashboard = JSON.parse(readFileSync('infra/grafana/dist.json', 'utf8')) as Dashboard
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

/** The metrics of dist that an expression names. A histogram has several series. */
function namesIn(text: string): string[] {
  const names = [...text.matchAll(/\bdist_\w+/g)].map(([name]) => name)
  return names.map((name) => name.replace(/_(?:bucket|count|sum)$/, ''))
}

describe('alerts', () => {
  it('fire when they have to, and not before', async () => {
    expect(await promtool(['test', 'rules', 'infra/prometheus/dist.rules.test.yml'])).toBe('')
  })

  it('each have a test, and name metrics that exist', () => {
    const text = readFileSync(rules, 'utf8')
    const tests = readFileSync('infra/prometheus/dist.rules.test.yml', 'utf8')
    const alerts = [...text.matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
    expect(alerts.length).toBeGreaterThan(5)
    for (const name of alerts) expect(tests).toContain(`alertname: ${name}\n        exp_alerts:`)
    for (const name of namesIn(text)) expect(documentedMetrics()).toContain(name)
  })
})

describe('the dashboard of Grafana', () => {
  it('names metrics that exist', () => {
    expect(expressions.length).toBeGreaterThan(10)
    for (const name of expressions.flatMap(namesIn)) expect(documentedMetrics()).toContain(name)
  })

  it('has expressions that Prometheus understands', async () => {
    const records = expressions.map((expr, i) => ({
      record: `panel_${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }))
    const path = join(tmpdir(), `dist-panels-${process.pid}.yml`)
    onTestFinished(() => rmSync(path))
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'panels', rules: records }] }))
    expect(await promtool(['check', 'rules', path])).toBe('')
  })
})
