export { type ArchivePlan, type PlanArchiveOptions, planArchive, writeArchive } from './export.js'
