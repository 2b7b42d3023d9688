import { resolve } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import { CreationDates } from '@dist/mirror'
import type { Registry } from '@dist/registry-client'
import type { SourcesText } from '@dist/runs'
import {
  type CheckedFile,
  type Choice,
  checkMirrorFile,
  chooseImages,
  compileFilter,
  languageOf,
  type MirrorFile,
} from '@dist/sync'
import type { Context } from '../context.js'
import { readText, shownFile } from '../input/stdin.js'
import { DateFile } from '../open/dates.js'
import { retryAfterPauses } from '../open/waits.js'
import { note } from '../output/print.js'
import { countsOf } from '../tags/counts.js'
import type { MirrorOptions } from './mirror.js'

/** The mirror file among the files that are given with `-f`; other files are lists of references. */
export function mirrorFileOf(
  texts: readonly string[],
  { file = [], to }: Pick<MirrorOptions, 'file' | 'to'>,
): string | undefined {
  const found = file.find((each) => languageOf(each) !== undefined)
  if (found === undefined) return undefined
  const name = shownFile(found)
  if (new Set(file).size > 1 || texts.length > 0)
    throw new DistError(
      'INVALID_ARGUMENT',
      `${name}: a mirror file stands alone: give no references and no other file beside it`,
    )
  if (to !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      `${name}: --to is not for a mirror file: its key "to" says where to`,
    )
  return found
}

/** Reads a mirror file of the user. Undefined for one with mistakes: they are printed, each with its line. */
export async function readMirrorFile(context: Context, path: string): Promise<MirrorFile | undefined> {
  return (await checkedFile(context, path, context.env))?.file
}

/**
 * Reads a mirror file that is submitted to a queue. What it says of files, variables and registries would be looked up by
 * the services, so it is a mistake there. Undefined as above.
 */
export async function readSubmitted(
  context: Context,
  path: string,
): Promise<{ sources: SourcesText; mirrors: number } | undefined> {
  const checked = await checkedFile(context, path, undefined)
  return checked && { sources: checked.sources, mirrors: checked.file.entries.length }
}

/** Reads a mirror file whose schedules are submitted to a queue, as `readSubmitted`. */
export async function readScheduled(context: Context, path: string): Promise<CheckedFile | undefined> {
  return await checkedFile(context, path, undefined)
}

async function checkedFile(
  context: Context,
  path: string,
  trusted: Context['env'] | undefined,
): Promise<(CheckedFile & { sources: SourcesText }) | undefined> {
  const text = await readText(context, path)
  const language = languageOf(path) ?? 'yaml'
  const checked = await checkMirrorFile(text, { path: resolve(path), language, trusted })
  if ('file' in checked) return { ...checked, sources: { text, language } }
  for (const { line, column, message } of checked.mistakes)
    note(context, `${shownFile(path)}:${line}:${column}: ${message}`)
  return undefined
}

/** Lists and selects what a mirror file takes, and tells how many tags that are. */
export async function chooseSources(
  context: Context,
  { entries }: MirrorFile,
  remote: Registry,
  { dryRun }: Pick<MirrorOptions, 'dryRun'>,
): Promise<Choice> {
  const { signal } = context
  if (dryRun === true)
    for (const { name, tags } of entries)
      if (tags !== undefined && compileFilter(tags).usesDates)
        note(
          context,
          `${sanitize(name, 200)}: the dates of its tags are requested: a manifest and a config for each, unless the registry lists dates`,
        )
  await using memory = new DateFile(context.env)
  const dates = new CreationDates(remote, memory)
  const choice = await chooseImages(entries, remote, {
    now: new Date(),
    signal,
    findDate: (image) => dates.find(image, signal),
    retry: (list) => retryAfterPauses(context, remote.limiter, list),
  })
  // A file of images alone lists nothing.
  if (entries.some(({ tags }) => tags !== undefined))
    for (const line of countsOf(choice.tally, choice.invalid)) note(context, line)
  const used = new Set([...choice.requests, ...choice.failures].map(({ entry }) => entry))
  // It may be a mistake in a pattern.
  for (const { name } of entries)
    if (!used.has(name)) note(context, `${sanitize(name, 200)}: nothing is selected`)
  return choice
}
