import type { MirrorEvent } from '@dist/mirror'
import type { Context } from '../context.js'
import { Progress } from './model.js'

/** Shows a pull while it goes on. */
export interface ProgressView {
  onEvent(event: MirrorEvent): void
  /** The last picture stays on the screen. Ending twice does nothing. */
  end(): void
}

/** Bars on a terminal, plain lines elsewhere. */
export async function openView({ stderr, env }: Context): Promise<ProgressView & { progress: Progress }> {
  const progress = new Progress()
  const bars = stderr.isTTY && env.TERM !== 'dumb'
  const view = bars
    ? (await import('./bars.js')).barsView(progress, stderr, env)
    : (await import('./lines.js')).plainView(stderr)
  let ended = false
  return {
    progress,
    onEvent: (event) => {
      progress.apply(event)
      view.onEvent(event)
    },
    end: () => {
      if (!ended) view.end()
      ended = true
    },
  }
}
