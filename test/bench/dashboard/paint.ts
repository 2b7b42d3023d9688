import { chromium } from 'playwright-core'

/** Milliseconds until the first content of the page is painted, in a browser that has nothing of it: the median. */
export async function firstPaint(url: string, times: number): Promise<number> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  try {
    const paints: number[] = []
    for (let i = 0; i < times; i++) {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(url)
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      paints.push(
        Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")),
      )
      await context.close()
    }
    return paints.sort((a, b) => a - b)[Math.floor(paints.length / 2)] ?? Number.NaN
  } finally {
    await browser.close()
  }
}
