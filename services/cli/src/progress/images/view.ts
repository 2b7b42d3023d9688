import type { Context } from '../../context.js'
import { Progress, type ViewEvent } from './model.js'

/** Shows the progress of a pull, a push or an unpacking. */
export interface ProgressView {
  onEvent(event: ViewEvent): void
  /** Shows the reason of a wait. */
  notice(line: string): void
  /** Leaves the last picture on the screen. A second call does nothing. */
  end(): void
}

export interface ViewOptions {
  /** Plain lines also on a terminal, for example when other output goes to it. Default: false. */
  plain?: boolean | undefined
  /** The label of an object in transfer. Default: `downloading`. */
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
