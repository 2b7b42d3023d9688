import { sanitize } from '@dist/errdefs'
import type { Amount, CollectionOutcome, DeletedPage, RunStatus, Runs, UnknownManifest } from '@dist/runs'
import type { Context } from '../context.js'
import { exitCodeOfCode, exitCodes } from '../errors/errors.js'
import { formatBytes, formatDuration, plural, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'

interface ReportOptions {
  json?: boolean | undefined
  /** Milliseconds. */
  grace: number
  dryRun?: boolean | undefined
}

/** Reports the outcome of a collection. Returns the exit code. */
export function reportCollection(
  context: Context,
  outcome: CollectionOutcome,
  { json, grace, dryRun = false }: ReportOptions,
): number {
  const { unknown, unknownCount, ...amounts } = outcome
  const complete = unknownCount === 0
  if (json) {
    const manifests = complete ? {} : { unknown: unknown.map(jsonUnknown) }
    printJson(context, { ...amounts, complete, ...manifests })
  }
  for (const line of outcomeLines(outcome, { grace, dryRun })) note(context, line)
  if (complete) return exitCodes.done
  for (const each of unknown) note(context, lineOf(each))
  if (unknownCount > unknown.length) note(context, `and ${unknownCount - unknown.length} more`)
  note(
    context,
    'no content was deleted: it is unknown what these images need; dist pull <ref> or dist verify --repair brings a manifest back, dist images rm <ref> removes an image',
  )
  return exitCodes.failed
}

/** Reports a collection by a queue that has ended. Resolves to the exit code. */
export async function reportCollected(
  context: Context,
  runs: Pick<Runs, 'deleted'>,
  { id, state, error, remarks, collection }: RunStatus,
  { json }: { json: boolean },
): Promise<number> {
  const listed = await printDeleted(context, runs, id, json)
  for (const remark of remarks) note(context, sanitize(remark, 500))
  if (state === 'canceled') {
    note(context, `run ${id} was canceled; what was deleted by then stays deleted`)
    return exitCodes.failed
  }
  const outcome = collection?.outcome
  if (collection === undefined || outcome === undefined) {
    note(context, `run ${id}: ${sanitize(error?.message ?? 'it has no outcome', 500)}`)
    return exitCodeOfCode(error?.code ?? 'INTERNAL')
  }
  if (listed > 0 && listed < outcome.deleted.objects)
    note(context, `${outcome.deleted.objects - listed} more objects are not listed`)
  return reportCollection(context, outcome, { ...collection, json })
}

/** Resolves to the number of objects that are printed. */
async function printDeleted(
  context: Context,
  runs: Pick<Runs, 'deleted'>,
  run: string,
  json: boolean,
): Promise<number> {
  let listed = 0
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: DeletedPage = await runs.deleted(run, from)
    for (const { digest, size } of page.items)
      if (json) printJson(context, { digest, size })
      else print(context, digest)
    listed += page.items.length
    from = page.next
  }
  return listed
}

/** The amounts of an outcome, in sentences. */
export function outcomeLines(
  { images, deleted, young, needed, abandoned, unknownCount }: CollectionOutcome,
  { grace, dryRun }: { grace: number; dryRun: boolean },
): string[] {
  const [was, discarded] = dryRun ? ['would be deleted', 'would be discarded'] : ['deleted', 'discarded']
  const lines = [
    `${textOf(deleted)} ${was}; ${plural(images, 'image')} ${images === 1 ? 'needs' : 'need'} ${textOf(needed)}`,
  ]
  if (young.objects > 0 && unknownCount === 0)
    lines.push(
      `${textOf(young)} kept that no image needs: younger than ${formatDuration(grace)}, or on the way into an image`,
    )
  if (abandoned.objects > 0)
    lines.push(
      `${plural(abandoned.objects, 'abandoned write')} (${formatBytes(abandoned.bytes)}) ${discarded}`,
    )
  return lines
}

function textOf({ objects, bytes }: Amount): string {
  return `${plural(objects, 'object')} (${formatBytes(bytes)})`
}

function lineOf({ name, error }: UnknownManifest): string {
  return `${name === undefined ? 'an image without a name, of another tool' : shownName(name)}: ${error.message}`
}

function jsonUnknown({ name, digest, error: { message, code } }: UnknownManifest) {
  return { name, digest, error: message, code }
}
