import { Shared } from '../shared.js'

/** How many changes have been made on this page. */
export const changed = new Shared(0)

/** Has everything that is shown asked again now. */
export function refresh(): void {
  changed.set(changed.value + 1)
}
