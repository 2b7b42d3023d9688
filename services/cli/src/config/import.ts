import { DistError, hasCode, reword } from '@dist/errdefs'
import { importFile, type Mistake, type Tool } from '@dist/sync'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { readText, shownFile } from '../input/stdin.js'
import type { OutputOptions } from '../options.js'
import { writeOutputFile } from '../output/file.js'
import { note, writeBytes } from '../output/print.js'

export interface ImportConfigOptions extends OutputOptions {
  /** Default: as the content tells. */
  from?: Tool | undefined
  /** Default: stdout. */
  output?: string | undefined
}

/** `dist config import`: prints a mirror file that does what a file of another tool says. */
export async function importConfig(
  context: Context,
  file: string,
  { from, output, json = false }: ImportConfigOptions,
): Promise<number> {
  const name = shownFile(file)
  const imported = await importFile(await readText(context, file), from)
  if ('mistakes' in imported) throw syntaxError(name, imported.mistakes)
  const content = Buffer.from(imported.text)
  if (output === undefined) await writeBytes(context, content)
  else await writeNew(output, content)
  for (const { line, column, message } of imported.remarks)
    if (json) context.stderr.write(`${JSON.stringify({ file: name, line, column, remark: message })}\n`)
    else note(context, `${name}:${line}:${column}: ${message}`)
  return exitCodes.done
}

function syntaxError(name: string, mistakes: readonly Mistake[]): DistError {
  const [first] = mistakes
  return new DistError('INVALID_ARGUMENT', `${name}:${first?.line}:${first?.column}: ${first?.message}`)
}

async function writeNew(path: string, content: Uint8Array): Promise<void> {
  try {
    await writeOutputFile(
      path,
      (async function* () {
        yield content
      })(),
    )
  } catch (error) {
    if (!hasCode(error, 'ALREADY_EXISTS')) throw error
    throw reword(error as DistError, `${shownFile(path)}: exists already; give another file`)
  }
}
