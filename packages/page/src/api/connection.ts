import { Shared } from '../shared.js'

/** Since when no answer comes, and why. */
export interface Silence {
  readonly since: Date
  readonly why: string
}

/** Undefined while answers come. */
export const silence = new Shared<Silence | undefined>(undefined)

export function noteAnswer(): void {
  silence.set(undefined)
}

/** Keeps the time of the first request without an answer. */
export function noteSilence(why: string): void {
  const since = silence.value?.since ?? new Date()
  if (silence.value?.why !== why) silence.set({ since, why })
}
