import { Shared, useShared } from '../shared.js'
import { isStill } from '../stillness.js'

const now = new Shared(Date.now())

/** Milliseconds since 1970, once per second. */
export function useNow(): number {
  return useShared(now)
}

/** Lets the time pass, while nothing has to be still. */
export function startClock(): void {
  setInterval(() => {
    if (!document.hidden && !isStill.value) now.set(Date.now())
  }, 1_000)
}
