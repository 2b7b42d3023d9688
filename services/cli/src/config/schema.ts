import { mirrorFileJsonSchema } from '@dist/sync'
import type { Context } from '../context.js'
import type { OutputOptions } from '../options.js'
import { print, printJson } from '../output/print.js'

/** `dist config schema`: the JSON Schema of mirror files; with `--json` on one line. */
export function printSchema(context: Context, { json }: OutputOptions): void {
  const schema = mirrorFileJsonSchema()
  if (json) printJson(context, schema)
  else print(context, JSON.stringify(schema, undefined, 2))
}
