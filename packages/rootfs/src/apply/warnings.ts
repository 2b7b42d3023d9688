import { sanitize } from '@dist/errdefs'
import type { TarHeader } from '@dist/tar'
import type { ApplyOptions } from './options.js'
import { isPrivileged } from './privilege.js'

/** Tells what is left out. That owners are is told once: it holds for all entries. */
export class Warnings {
  readonly #tell: ApplyOptions['onWarning']
  readonly #uid = process.geteuid?.()
  readonly #gid = process.getegid?.()
  #ignoresOwners = !isPrivileged()

  constructor(tell: ApplyOptions['onWarning']) {
    this.#tell = tell
  }

  warn(header: TarHeader, reason: string): void {
    this.#tell?.({ entry: sanitize(header.name), reason })
  }

  owners(header: TarHeader): void {
    if (!this.#ignoresOwners || (header.uid === this.#uid && header.gid === this.#gid)) return
    this.#ignoresOwners = false
    this.warn(header, 'its owner cannot be set: without the superuser everything is yours')
  }
}
