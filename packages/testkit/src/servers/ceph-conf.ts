import { join } from 'node:path'

export interface CephPorts {
  /** The monitor's ports for the second and for the first version of its protocol. */
  readonly mon: readonly [number, number]
  readonly s3: number
}

export interface CephSettings {
  readonly directory: string
  readonly fsid: string
  readonly ports: CephPorts
  /** Bytes that the object store holds in memory. A full one lets every request hang. */
  readonly capacity: number
}

/** The monitor's two addresses, as monmaptool and ceph.conf spell them. */
export function monitorAddresses([v2, v1]: CephPorts['mon']): string {
  return `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`
}

/** A ceph.conf for one monitor, one object store in memory and one gateway, without sign-in between them. */
export function cephConf({ directory, fsid, ports, capacity }: CephSettings): string {
  const file = (...names: string[]) => join(directory, ...names)
  const run = file('run')
  return section('global', {
    fsid,
    mon_initial_members: 'a',
    mon_host: monitorAddresses(ports.mon),
    auth_cluster_required: 'none',
    auth_service_required: 'none',
    auth_client_required: 'none',
    osd_pool_default_size: 1,
    osd_pool_default_min_size: 1,
    mon_allow_pool_size_one: true,
    mon_warn_on_pool_no_redundancy: false,
    osd_crush_chooseleaf_type: 0,
    osd_pool_default_pg_num: 1,
    // Every pool and every daemon that comes up is one proposal, and by default each waits a second.
    paxos_propose_interval: 0.02,
    paxos_min_wait: 0.01,
    osd_pool_default_pg_autoscale_mode: 'off',
    mon_max_pg_per_osd: 1000,
    run_dir: run,
    log_file: file('log', '$cluster-$name.log'),
    admin_socket: join(run, '$name.$pid.asok'),
    pid_file: join(run, '$name.pid'),
    ms_bind_ipv6: false,
    public_addr: '127.0.0.1',
    cluster_addr: '127.0.0.1',
    mon_data: file('mon'),
    osd_data: file('osd$id'),
    mgr_data: file('mgr'),
    // A disk that is nearly full is no reason for a monitor of a test to stop.
    mon_data_avail_crit: 1,
    osd_objectstore: 'memstore',
    memstore_device_bytes: capacity,
    // Deleted parts stay for two hours by default, and then nothing fits any more.
    rgw_gc_obj_min_wait: 1,
  }).concat(
    section('client.rgw', {
      rgw_data: file('rgw'),
      // Without tcp_nodelay the body of an answer waits 40 ms for the acknowledgement of its head.
      rgw_frontends: `beast endpoint=127.0.0.1:${ports.s3} tcp_nodelay=1`,
      // Without it the gateway never signs in.
      ms_mon_client_mode: 'crc',
    }),
  )
}

function section(name: string, settings: Readonly<Record<string, string | number | boolean>>): string {
  return [`[${name}]`, ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`), ''].join('\n')
}
