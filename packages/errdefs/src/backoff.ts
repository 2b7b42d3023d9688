/** A random duration from `base` to twice `base`, which spreads callers that wait for the same thing. */
export function jitter(base: number): number {
  return base * (1 + Math.random())
}

/**
 * The delay before retry `attempt` (from 0), in milliseconds: it doubles from `first` up to `cap`. The result is random
 * in the upper half of that delay.
 */
export function backoff(attempt: number, first: number, cap: number): number {
  const exponential = Math.min(cap, first * 2 ** Math.min(attempt, 30))
  return exponential / 2 + (Math.random() * exponential) / 2
}
