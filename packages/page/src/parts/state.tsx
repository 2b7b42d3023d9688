const signs: Readonly<Record<string, string>> = {
  done: '✓',
  fetched: '✓',
  present: '✓',
  alive: '✓',
  selected: '✓',
  unchanged: '✓',
  new: '+',
  changed: '±',
  missing: '✕',
  damaged: '✕',
  gone: '–',
  failed: '✕',
  running: '●',
  active: '●',
  waiting: '○',
  paused: '‖',
  silent: '?',
  lost: '?',
  canceled: '–',
  pruned: '–',
}

/** A state as a word with a sign: it does not depend on colours. */
export function State({ state }: { readonly state: string }) {
  return (
    <span class={`state ${state}`}>
      <span aria-hidden="true">{signs[state] ?? '·'}</span> {state}
    </span>
  )
}

interface BarProps {
  /** From 0 to 1. Undefined: it goes on, and how far is unknown. */
  readonly share: number | undefined
  /** What it measures. */
  readonly label: string
  /** The part of the whole that has failed, which `share` contains. */
  readonly failed?: number | undefined
}

/** How far something is. What has failed has its own colour. */
export function Bar({ share, label, failed = 0 }: BarProps) {
  const width = (part: number) => ({ width: `${part * 100}%` })
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={label}
      aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
    >
      <span style={width((share ?? 0) - failed)} />
      <span class="failed" style={width(failed)} />
    </div>
  )
}
