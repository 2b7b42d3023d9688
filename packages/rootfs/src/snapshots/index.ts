export type { Snapshot, SnapshotRecord } from './snapshot.js'
export { type DamagedSnapshot, Snapshots } from './snapshots.js'
