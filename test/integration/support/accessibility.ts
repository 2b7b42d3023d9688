import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe finds on a page that is serious or worse: the rule, and the elements. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Not by an element: the policy of the page allows no script of others.
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] })",
  )) as AxeResults
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' ')}`)
}
