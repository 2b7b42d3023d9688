export { type ArchivePlan, type PlanArchiveOptions, planArchive, writeArchive } from './export.js'
export { type ImportOptions, type ImportOutcome, importArchive } from './import.js'
export { type GivenName, parseGivenName } from './naming.js'
export type { ImportStore } from './rollback.js'
