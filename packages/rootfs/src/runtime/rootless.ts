import { linuxDefaults, type Mount, mounts } from './defaults.js'

/** Who runs a container without being root. */
export interface RootlessOwner {
  readonly uid: number
  readonly gid: number
}

/**
 * The parts of a runtime configuration that differ where no root is needed: a user namespace that has one user and
 * one group, the network of the machine, and no cgroups, as `runc spec --rootless` has it.
 */
export function rootlessParts({ uid, gid }: RootlessOwner) {
  const { resources: _, ...linux } = linuxDefaults
  return {
    mounts: mounts.flatMap(rootlessMount),
    linux: {
      ...linux,
      uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
      namespaces: [...linux.namespaces.filter(({ type }) => type !== 'network'), { type: 'user' }],
    },
  }
}

function rootlessMount(mount: Mount): Mount[] {
  // Without a network namespace of its own no process may mount sysfs.
  if (mount.destination === '/sys') {
    const options = ['rbind', 'nosuid', 'noexec', 'nodev', 'ro']
    return [{ destination: '/sys', type: 'none', source: '/sys', options }]
  }
  if (mount.type === 'cgroup') return []
  if (mount.options === undefined) return [mount]
  // The only group that there is, is 0.
  return [{ ...mount, options: mount.options.filter((option) => !/^[ug]id=/.test(option)) }]
}
