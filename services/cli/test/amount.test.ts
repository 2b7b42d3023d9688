import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import type { Context } from '../src/context.js'
import { AmountLine } from '../src/progress/line.js'

/** A context whose stderr is a terminal of 60 columns, or no terminal. */
function terminal(isTTY: boolean) {
  let text = ''
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 60 })
  stderr.on('data', (chunk) => {
    text += chunk
  })
  return { context: { stderr, env: {} } as unknown as Context, text: () => text }
}

async function passed(line: AmountLine, times: readonly number[], clock: { now: number }): Promise<string> {
  const source = async function* () {
    for (const time of times) {
      clock.now = time
      yield Buffer.from('x'.repeat(1024 * 1024))
    }
  }
  let bytes = 0
  for await (const chunk of line.watch(source())) bytes += chunk.byteLength
  line.end()
  return `${bytes / 1024 / 1024} MiB`
}

it('a terminal shows the progress of a stream after a delay, and erases it at the end', async () => {
  const { context, text } = terminal(true)
  const clock = { now: 0 }
  const line = new AmountLine(context, 'exporting', 8 * 1024 * 1024, () => clock.now)
  expect(await passed(line, [0, 400, 600, 650, 1600], clock)).toBe('5 MiB')
  expect(text()).not.toContain('2.0 MiB')
  expect(text()).toContain('exporting   3.0 MiB / 8.0 MiB')
  expect(text()).not.toContain('4.0 MiB')
  expect(text()).toContain('5.0 MiB / 8.0 MiB   3.1 MiB/s')
  expect(text().endsWith('\x1b[1A\x1b[J\x1b[?25h')).toBe(true)
})

it('other outputs show nothing, and a short stream shows nothing', async () => {
  for (const [isTTY, times] of [
    [false, [0, 1000, 2000]],
    [true, [0, 100, 200]],
  ] as const) {
    const { context, text } = terminal(isTTY)
    const clock = { now: 0 }
    expect(await passed(new AmountLine(context, 'importing', undefined, () => clock.now), times, clock)).toBe(
      '3 MiB',
    )
    expect(text()).toBe('')
  }
})
