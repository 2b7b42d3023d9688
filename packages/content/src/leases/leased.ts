import type { Digest } from '@dist/oci'
import type { Names } from '../names.js'
import type { ContentStore } from '../store.js'
import type { GuardOptions, Lease } from './lease.js'

/** The content of a store whose writers hold a lease. */
export function leasedContent(content: ContentStore, lease: Lease): ContentStore {
  return {
    ...content,
    writer: async (ref, expected, options) => {
      await lease.hold()
      return content.writer(ref, expected, options)
    },
  }
}

/** The names of a store that are published under a lease. */
export function leasedNames(names: Names, lease: Lease): Names {
  return {
    get: (name) => names.get(name),
    list: () => names.list(),
    ...(names.scan === undefined ? {} : { scan: names.scan.bind(names) }),
    ...(names.look === undefined ? {} : { look: names.look.bind(names) }),
    ...(names.others === undefined ? {} : { others: names.others.bind(names) }),
    put: async (image) => {
      await lease.hold()
      lease.check()
      await names.put(image)
    },
    // Under the lease as well, so that calls for one name keep their order.
    delete: async (name) => {
      await lease.hold()
      await names.delete(name)
    },
    guard: (needs, step, options) => lease.guard(needs, step, options),
  }
}

/** As `Names.guard`. Names without collections need no guard. */
export function guarded<T>(
  names: Pick<Names, 'guard'>,
  needs: () => Promise<Iterable<Digest>>,
  step: (isCollecting: boolean) => Promise<T>,
  options: GuardOptions = {},
): Promise<T> {
  return names.guard === undefined ? step(false) : names.guard(needs, step, options)
}
