import { resolve } from 'node:path'
import { DistError } from '@dist/errdefs'
import { checkMirrorFile, languageOf } from '@dist/sync'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { readText, shownFile } from '../input/stdin.js'
import type { OutputOptions } from '../options.js'
import { plural } from '../output/format.js'
import { print, printJson } from '../output/print.js'

/** `dist config check`: prints every mistake of mirror files. */
export async function checkFiles(
  context: Context,
  files: readonly string[],
  { json = false }: OutputOptions,
): Promise<number> {
  const valid: boolean[] = []
  for (const file of new Set(files)) valid.push(await checkFile(context, file, json))
  return valid.every((each) => each) ? exitCodes.done : exitCodes.usage
}

async function checkFile(context: Context, file: string, json: boolean): Promise<boolean> {
  const name = shownFile(file)
  const language = file === '-' ? 'yaml' : languageOf(file)
  if (language === undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      `${name}: a file of this name is a list of references: the name of a mirror file ends in .yaml, .json or .toml`,
    )
  const text = await readText(context, file)
  const checked = await checkMirrorFile(text, { path: resolve(file), language, trusted: context.env })
  if ('file' in checked) {
    const mirrors = checked.file.entries.length
    if (json) printJson(context, { file: name, mirrors })
    else print(context, `${name}: valid, ${plural(mirrors, 'mirror')}`)
    return true
  }
  for (const { line, column, message } of checked.mistakes)
    if (json) printJson(context, { file: name, line, column, error: message })
    else print(context, `${name}:${line}:${column}: ${message}`)
  return false
}
