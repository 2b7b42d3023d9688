import type { Context } from '../../context.js'
import { Progress, type ViewEvent } from './model.js'

/** Shows a pull or a push, or what is unpacked, while it goes on. */
export interface ProgressView {
  onEvent(event: ViewEvent): void
  /** Says what is waited for. */
  notice(line: string): void
  /** The last picture stays on the screen. Ending twice does nothing. */
  end(): void
}

export interface ViewOptions {
  /** Plain lines also on a terminal, as where others write to it at the same time. Default: false. */
  plain?: boolean | undefined
  /** What an object on its way is said to be doing. Default: `downloading`. */
  moving?: string | undefined
}

/** Bars on a terminal, plain lines elsewhere. */
export async function openView(
  { stderr, env }: Context,
  { plain = false, moving }: ViewOptions = {},
): Promise<ProgressView & { progress: Progress }> {
  const progress = new Progress()
  const bars = stderr.isTTY && env.TERM !== 'dumb' && !plain
  const view = bars
    ? (await import('./bars.js')).barsView(progress, stderr, env, moving)
    : (await import('./lines.js')).plainView(stderr)
  let ended = false
  return {
    progress,
    notice: (line) => view.notice(line),
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
