import type { Code } from '@dist/errdefs'
import type { BadContent, VerifyOutcome } from '@dist/mirror'
import type { Context } from '../context.js'
import { describeError, jsonError } from '../errors/describe.js'
import { exitCodeOf, exitCodes } from '../errors/exit.js'
import { traceDefect } from '../errors/trace.js'
import type { OutputOptions } from '../options.js'
import { formatBytes, plural } from '../output/format.js'
import { shownName } from '../output/names.js'
import { note, print, printJson } from '../output/print.js'

/** Prints the result of a verification. Returns the exit code. */
export function reportVerification(
  context: Context,
  outcome: VerifyOutcome,
  { json }: OutputOptions,
): number {
  for (const content of outcome.bad) {
    if (json) printJson(context, jsonOf(content))
    else print(context, lineOf(content))
  }
  if (json) printJson(context, jsonSummary(outcome))
  else print(context, summaryLine(outcome))
  const { stopped } = outcome
  if (stopped !== undefined && !context.signal.aborted) {
    note(context, describeError(stopped))
    traceDefect(context, stopped)
  }
  if (!json) advise(context, outcome.bad)
  return exitCodeOfOutcome(outcome, context.signal)
}

function exitCodeOfOutcome({ bad, stopped }: VerifyOutcome, signal: AbortSignal): number {
  if (signal.aborted) return exitCodeOf(undefined, signal)
  if (bad.some((content) => !isMissing(content))) return exitCodes.notVerified
  if (stopped !== undefined) return exitCodeOf(stopped)
  return bad.length > 0 ? exitCodes.notFound : exitCodes.done
}

function lineOf(content: BadContent): string {
  const { digest, images } = content
  const needed = images === undefined ? [] : [neededBy(images)]
  return [digest, complaintOf(content), ...needed].join('  ')
}

function complaintOf({ found, size }: BadContent): string {
  if (found.state === 'missing') return 'missing'
  if (found.state === 'unreadable') return `unreadable: ${found.message}`
  if (size !== undefined && size !== found.size)
    return `damaged: ${found.size} bytes instead of ${size}, with digest ${found.digest}`
  return `damaged: its bytes have digest ${found.digest}`
}

function neededBy(images: readonly string[]): string {
  return images.length === 0 ? 'not needed by an image' : `needed by ${images.map(shownName).join(', ')}`
}

function summaryLine({ objects, bytes, bad, stopped }: VerifyOutcome): string {
  const early = stopped === undefined ? '' : '; stopped before everything was verified'
  return `${plural(objects, 'object')} (${formatBytes(bytes)}) verified, ${bad.length} bad${early}`
}

function jsonOf({ digest, found, size, images }: BadContent) {
  const { state } = found
  return {
    digest,
    state,
    size,
    ...(state === 'damaged' ? { found: { size: found.size, digest: found.digest } } : {}),
    ...(state === 'unreadable' ? { error: found.message } : {}),
    code: codeOfState(found),
    ...(images === undefined ? {} : { images }),
  }
}

function codeOfState(found: BadContent['found']): Code {
  if (found.state === 'unreadable') return found.code
  return found.state === 'missing' ? 'NOT_FOUND' : 'FAILED_PRECONDITION'
}

function jsonSummary({ objects, bytes, bad, stopped }: VerifyOutcome) {
  const why = stopped === undefined ? {} : jsonError(stopped)
  return { objects, bytes, bad: bad.length, complete: stopped === undefined, ...why }
}

function advise(context: Context, bad: readonly BadContent[]): void {
  const present = bad.filter((content) => !isMissing(content))
  if (present.length > 0)
    note(
      context,
      'dist delete --force <digest> removes bad content, then dist pull <ref> fetches it again; a pull alone does not replace it',
    )
  else if (bad.length > 0) note(context, 'dist pull <ref> fetches missing content')
}

const isMissing = ({ found }: BadContent) => found.state === 'missing'
