import { withoutTokens } from '@dist/errdefs'
import { Command } from 'commander'
import { type CommandEntry, commands } from './commands.js'
import type { Context } from './context.js'
import { print, printFailure, printJson, reflow } from './output/print.js'
import { version } from './version.js'

const epilogue = `
Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not authorised, 5 content did not verify, 6 partly done, 7 something would change,
130 and 143 interrupted by SIGINT and SIGTERM.

Start with:
  $ dist pull alpine:3.20
  $ dist images
  $ dist mirror -f refs.txt`

/**
 * The command tree. Only the command that is called is loaded with its options; of the others the tree has name and
 * summary, so that `dist` starts fast.
 */
export async function createProgram(
  context: Context,
  onExit: (code: number) => void,
  called: string | undefined,
): Promise<Command> {
  return await createTree(context, onExit, ({ name }) => name === called)
}

/** The command tree with all options of all commands. */
export async function createFullProgram(context: Context, onExit: (code: number) => void): Promise<Command> {
  return await createTree(context, onExit, () => true)
}

async function createTree(
  context: Context,
  onExit: (code: number) => void,
  isWanted: (entry: CommandEntry) => boolean,
): Promise<Command> {
  const program = createRoot(context)
  const loadTree = () => createFullProgram(context, onExit)
  const define = async (entry: CommandEntry) => {
    const command = isWanted(entry)
      ? (await entry.load())(context, onExit, loadTree)
      : new Command(entry.name)
    return command.description(entry.summary)
  }
  const defined = await Promise.all(commands.map(define))
  for (const command of [...defined, versionCommand(context), helpCommand(program)])
    program.addCommand(inherit(command, program, program.name(), context.json === true))
  return program
}

function createRoot(context: Context): Command {
  const { json = false } = context
  return new Command('dist')
    .description('Mirror container images: verified, resumable, content-addressed.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', epilogue)
    .showHelpAfterError(!json && '(see dist --help)')
    .configureOutput({
      writeOut: (text) => {
        const { columns } = context.stdout
        context.stdout.write(columns === undefined ? text : reflow(text, columns))
      },
      writeErr: (text) => context.stderr.write(text),
      outputError: (text) => {
        const message = withoutTokens(text.replace(/^error: /, '').trimEnd())
        printFailure(context, { code: 'INVALID_ARGUMENT', message })
      },
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .exitOverride()
}

/** Commands that are created on their own do not inherit settings. */
function inherit(command: Command, parent: Command, above: string, json: boolean): Command {
  const line = `${above} ${command.name()}`
  command.copyInheritedSettings(parent).showHelpAfterError(!json && `(see ${line} --help)`)
  for (const child of command.commands) inherit(child, command, line, json)
  return command
}

/** `dist help [command]`: the same as `--help` of the command, or of the program. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .description('print the help of the program or of a command')
    .argument('[command...]', 'a command, such as images or images rm')
    .action((names: string[]) => {
      let found = program
      for (const name of names) {
        const next = found.commands.find((command) => command.name() === name)
        if (next === undefined) program.error(`error: unknown command '${names.join(' ')}'`)
        found = next
      }
      // Not help(), which ends with the exit code that the process has so far.
      found.outputHelp()
    })
}

/** `dist version`: the same as `dist --version`. */
function versionCommand(context: Context): Command {
  return new Command('version')
    .description('print the version')
    .option('--json', 'print JSON: version')
    .action(({ json }: { json?: boolean | undefined }) => {
      if (json) printJson(context, { version })
      else print(context, version)
    })
}
