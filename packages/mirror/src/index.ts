export type { Amount } from './amount.js'
export { nameBeside } from './attached.js'
export { type Budget, type BudgetLimits, type BudgetOptions, HostBudgets, TransferBudget } from './budget.js'
export {
  collectGarbage,
  type GarbageEvent,
  type GarbageOptions,
  type GarbageOutcome,
  type GarbageStore,
} from './collect-garbage.js'
export { imagePlatforms } from './config.js'
export { ContentCache } from './content-cache.js'
export { removeUnusedTags, tagNamesOf } from './cosign-names.js'
export { CreationDates, type DateMemory } from './creation-dates.js'
export { type DeleteOptions, type DeleteOutcome, deleteContent, type RefusedDelete } from './delete.js'
export { destinationName, destinationOf } from './destination.js'
export { type EngineDependencies, type EngineOptions, type ImageOutcome, mirrorImages } from './embedded.js'
export type { ImageEvent, MirrorEvent, ObjectEvent, ObjectState } from './events.js'
export { findBad } from './find-bad.js'
export { type GarbageSummary, summarizeGarbage } from './garbage-summary.js'
export {
  type BlobTask,
  type IngestDependencies,
  type IngestOptions,
  ingestBlob,
  type Outcome,
  transferMemory,
} from './ingest.js'
export {
  type DescriptorNode,
  type ImageSummary,
  type InspectedContent,
  inspectImage,
  summarizeImage,
  visit,
} from './inspect.js'
export { type AttachedNode, inspectReferrers } from './inspect-referrers.js'
export { Meter } from './meter.js'
export { MountSources } from './mount-sources.js'
export { type RegistryRequest, requestForRegistry } from './narrow.js'
export { needsOf } from './needs.js'
export { type Plan, type PlanOptions, planImage } from './plan.js'
export { type PreviewOptions, type PreviewOutcome, previewImages } from './preview.js'
export { beginPruning, type PruneWork } from './prune/begin.js'
export { unwrittenLedgers } from './prune/note.js'
export type { PruneOptions, PruneParts, PruneRule } from './prune/plan.js'
export { type Pruned, pruneEntries } from './prune/prune.js'
export type { PublishOptions } from './publish.js'
export { type PublishPlanOptions, publishPlan } from './publish-plan.js'
export { publishStored } from './publish-stored.js'
export { type PushParts, type PushTask, pushBlob } from './push.js'
export type { ReferrersRequest } from './referrers-request.js'
export { type RegistryTargetOptions, registryTarget } from './registry-target.js'
export { type Repaired, repairContent } from './repair.js'
export type { Retries } from './schedule.js'
export type { Source } from './source.js'
export type { UnknownContent } from './store-needs.js'
export { storeSource } from './store-source.js'
export { type StoreTargetOptions, storeTarget } from './store-target.js'
export { strippedSource } from './strip.js'
export type { Target, TargetOf, TargetOptions } from './target.js'
export type { ImageTask } from './task.js'
export { type TransferOptions, type TransferSource, transferBlob } from './transfer.js'
export { freedBy, type ImageUsage, measureUsage, type StoreUsage, type UsageEvent } from './usage.js'
export type { EntryUsage } from './usage-entries.js'
export { type BadContentState, type ContentState, type VerifyBlobOptions, verifyBlob } from './verify.js'
export {
  type BadContent,
  type ContentOptions,
  type ContentSizes,
  type VerifiedStore,
  type VerifyEvent,
  type VerifyOptions,
  type VerifyOutcome,
  verifyContent,
} from './verify-content.js'
export {
  type RepairEvent,
  type RepairedStore,
  repairTask,
  setBadAside,
  withholdImages,
} from './withhold.js'
