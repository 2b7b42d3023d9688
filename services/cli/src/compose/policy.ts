import type { HostPolicy } from '@dist/remotes'
import type { PatienceOptions } from '../options.js'

/** For how long hosts are waited for where many images are mirrored. */
export function inBulk({ hostPatience }: PatienceOptions): Partial<HostPolicy> {
  return hostPatience === undefined ? {} : { patience: hostPatience }
}

/** The same where somebody waits in front of the screen: a registry that was never there is said after a second. */
export function byHand(options: PatienceOptions): Partial<HostPolicy> {
  return { ...inBulk(options), firstPatience: 1_000 }
}
