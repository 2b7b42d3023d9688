// Settings of a container that do not come from its image: its own namespaces except for users, the mounts, masked paths
// and limits of `runc spec`, and the capabilities of docker and containerd, which images expect.

const capabilities = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]

export const processDefaults = {
  capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
  rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
  noNewPrivileges: true,
}

export const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface Mount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options?: readonly string[] | undefined
}

const hardened = ['nosuid', 'noexec', 'nodev']

export const mounts: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: [...hardened, 'mode=1777', 'size=65536k'],
  },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: hardened },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...hardened, 'ro'] },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: [...hardened, 'relatime', 'ro'],
  },
]

export const linuxDefaults = {
  resources: { devices: [{ allow: false, access: 'rwm' }] },
  namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
  maskedPaths: [
    '/proc/acpi',
    '/proc/asound',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/proc/sched_debug',
    '/sys/firmware',
    '/proc/scsi',
  ],
  readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
}

/** The user that runs a container without root. */
export interface RootlessOwner {
  readonly uid: number
  readonly gid: number
}

/**
 * The parts of a runtime configuration that differ without root: a user namespace with one user and one group, the network
 * of the machine, and no cgroups, as in `runc spec --rootless`.
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
  // Mounting sysfs needs an own network namespace.
  if (mount.destination === '/sys') {
    const options = ['rbind', 'nosuid', 'noexec', 'nodev', 'ro']
    return [{ destination: '/sys', type: 'none', source: '/sys', options }]
  }
  if (mount.type === 'cgroup') return []
  if (mount.options === undefined) return [mount]
  // The only group in the namespace is 0.
  return [{ ...mount, options: mount.options.filter((option) => !/^[ug]id=/.test(option)) }]
}
