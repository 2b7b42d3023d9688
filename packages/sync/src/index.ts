export { type Checked, type CheckedFile, type CheckOptions, checkMirrorFile } from './check.js'
export { type CheckedDocument, checkDocument } from './check-document.js'
export { goneOf } from './choose/gone.js'
export {
  type Checkpoint,
  type Choice,
  type ChoiceFailure,
  type ChoiceStage,
  type ChooseOptions,
  chooseImages,
} from './choose/images.js'
export { type Lists, selectFrom, type TagSelection } from './choose/tags.js'
export { notifyRulesOf, pruneRulesOf, takenByEntries } from './choose/taken.js'
export { mayTake } from './choose/takes.js'
export type { Mistake, Position } from './document/node.js'
export { type Language, languageOf } from './document/read.js'
export type { Remark } from './import/draft.js'
export { type Imported, importFile, type Tool, tools } from './import/import.js'
export type { IndexHandling, MirrorEntry, MirrorFile, Notify, Prune } from './mirror-file.js'
export { compileEntry, type EntryRules, type ImageRequest } from './place/compile.js'
export { formatSource, type Source } from './place/source.js'
export { type Wanted, wantedBy } from './place/wanted.js'
export { mirrorFileJsonSchema } from './schema/schema.js'
export { pathGlob } from './schema/values.js'
export { type NewestBy, newestBys, type TagFilter } from './select/filter.js'
export { compilePathGlob, type Matcher } from './select/pattern.js'
export { type Candidate, compileFilter, type Stage, type TagRules } from './select/rules.js'
export { type SelectOptions, selectTags, type Tally, Tallying, type Verdict } from './select/select.js'
