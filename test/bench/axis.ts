export interface Axis {
  readonly ticks: readonly number[]
  /** Pixels from the start of the axis. */
  place(value: number): number
}

/** Places for values along an axis of so many pixels that begins and ends with a tick. */
export function axis(ticks: readonly number[], length: number, on = (value: number) => value): Axis {
  const [from, to] = [on(ticks[0] ?? 0), on(ticks.at(-1) ?? 1)]
  return { ticks, place: (value: number) => ((on(value) - from) / (to - from || 1)) * length }
}

/** 1, 2, 5, 10, ... from below the lowest value to above the highest. */
export function roundSteps(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low))
  const decades = Math.ceil(Math.log10(high)) - first
  const all = Array.from({ length: decades + 1 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** (first + i)))
    .flat()
    .map((step) => Number(step.toPrecision(1)))
  const start = all.findLastIndex((step) => step <= low)
  return all.slice(start, all.findIndex((step) => step >= high) + 1)
}

/** From 0 to above the highest value, in about four round steps. */
export function evenSteps(high: number): number[] {
  const rough = high / 4
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10) * unit
  return Array.from({ length: Math.ceil(high / step) + 1 }, (_, i) => Number((i * step).toPrecision(12)))
}

export function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}
