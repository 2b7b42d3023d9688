import type { Locator } from '@dist/reference'
import type { HostPauses } from './service.js'

/** Milliseconds for which one of the two sides must not be asked; 0: go on. */
export async function pauseOf(pauses: HostPauses, source: Locator, to?: Locator): Promise<number> {
  const hosts = new Set([source.host, ...(to === undefined ? [] : [to.host])])
  const asked = [...hosts].map((host) => pauses.pausedFor?.(host) ?? 0)
  return Math.max(...(await Promise.all(asked)))
}
