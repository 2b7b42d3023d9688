import { Command } from 'commander'
import type { Context } from '../context.js'
import { print, printJson } from '../output.js'
import { version } from '../version.js'

/** `dist version`: the same as `dist --version`. */
export function versionCommand(context: Context): Command {
  return new Command('version')
    .description('print the version')
    .option('--json', 'print JSON: version')
    .action(({ json }: { json?: boolean | undefined }) => {
      if (json) printJson(context, { version })
      else print(context, version)
    })
}
