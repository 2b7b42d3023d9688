import { withoutTokens } from '@dist/errdefs'
import { Command } from 'commander'
import { helpCommand } from './commands/help.js'
import { commands } from './commands/index.js'
import { versionCommand } from './commands/version.js'
import type { Context } from './context.js'
import { sayFailure } from './output.js'
import { reflow } from './reflow.js'
import { version } from './version.js'

const epilogue = `
Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not authorised, 5 content did not verify, 6 partly done,
130 and 143 interrupted by SIGINT and SIGTERM.

Start with:
  $ dist pull alpine:3.20
  $ dist images
  $ dist mirror -f refs.txt`

/** The command tree. Actions are imported when they are called: `--help` must not wait for them. */
export function createProgram(context: Context, onExit: (code: number) => void): Command {
  const { json = false } = context
  const program = new Command('dist')
    .description('Mirror container images: verified, resumable, content-addressed.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', epilogue)
    .showHelpAfterError(!json && '(dist --help tells more)')
    .configureOutput({
      writeOut: (text) => {
        const { columns } = context.stdout
        context.stdout.write(columns === undefined ? text : reflow(text, columns))
      },
      writeErr: (text) => context.stderr.write(text),
      outputError: (text) => {
        const message = withoutTokens(text.replace(/^error: /, '').trimEnd())
        sayFailure(context, { code: 'INVALID_ARGUMENT', message })
      },
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
  const defined = commands.map((define) => define(context, onExit))
  for (const command of [...defined, versionCommand(context), helpCommand(program)])
    program.addCommand(inherit(command, program, program.name(), json))
  return program
}

/** Sub-commands made apart do not inherit settings by themselves. */
function inherit(command: Command, parent: Command, above: string, json: boolean): Command {
  const line = `${above} ${command.name()}`
  command.copyInheritedSettings(parent).showHelpAfterError(!json && `(${line} --help tells more)`)
  for (const child of command.commands) inherit(child, command, line, json)
  return command
}
