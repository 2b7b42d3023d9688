import { Argument, Command, type Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { type OutputOptions, withOutput } from '../options.js'
import { printJson } from '../output/print.js'
import { bashScript } from './bash.js'
import { fishScript } from './fish.js'
import { zshScript } from './zsh.js'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  string,
  (tree: readonly CompletionCommand[]) => string
>

const examples = `
The script completes commands, options, their fixed values and file names. It does not call dist: load it again after an
update.

Examples:
  $ source <(dist completion bash)
  $ dist completion bash > ~/.local/share/bash-completion/completions/dist
  $ dist completion zsh > "\${fpath[1]}/_dist"
  $ dist completion fish > ~/.config/fish/completions/dist.fish`

export const completionCommand: Define = (context, onExit, loadTree) =>
  withOutput(new Command('completion'))
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .addHelpText('after', examples)
    .action(async (shell: keyof typeof scripts, options) =>
      onExit(printScript(context, shell, await loadTree(), options)),
    )

/** `dist completion`: the script for a shell, on stdout. */
function printScript(
  context: Context,
  shell: keyof typeof scripts,
  program: Command,
  { json }: OutputOptions,
): number {
  const script = scripts[shell](completionTree(program))
  if (json) printJson(context, { shell, script })
  else context.stdout.write(script)
  return exitCodes.done
}

/** How the value of an option or an argument is completed: from fixed values, with files, or not at all. */
export type ValueCompletion = readonly string[] | 'files' | 'none'

export interface CompletionOption {
  /** `-f`, `--file`. */
  readonly flags: readonly string[]
  readonly description: string
  /** Undefined for an option without a value. */
  readonly value: ValueCompletion | undefined
}

/** A command as completion scripts know it. */
export interface CompletionCommand {
  /** The words behind `dist`: empty for the program, `images rm` for a sub-command. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly CompletionOption[]
  readonly argument: ValueCompletion
}

/** The command and all commands below it, the command itself first. */
export function completionTree(command: Command, path: readonly string[] = []): CompletionCommand[] {
  const help = command.createHelp()
  const own: CompletionCommand = {
    path: path.join(' '),
    commands: command.commands.map((child) => ({ name: child.name(), description: child.description() })),
    options: help.visibleOptions(command).map(completionOption),
    argument: argumentOf(command),
  }
  return [own, ...command.commands.flatMap((child) => completionTree(child, [...path, child.name()]))]
}

function completionOption({ short, long, description, ...option }: Option): CompletionOption {
  const flags = [short, long].filter((flag) => flag !== undefined)
  const value = option.required || option.optional ? completionOf(option.argChoices, option.flags) : undefined
  return { flags, description, value }
}

function argumentOf(command: Command): ValueCompletion {
  if (command.name() === 'help') return command.parent?.commands.map((each) => each.name()) ?? 'none'
  const first: Argument | undefined = command.registeredArguments[0]
  return first === undefined ? 'none' : completionOf(first.argChoices, `<${first.name()}>`)
}

/** `usage`: how the help writes the value, `<file>`. */
function completionOf(choices: readonly string[] | undefined, usage: string): ValueCompletion {
  if (choices !== undefined) return choices
  return /<(?:file|dir|host=file)>/.test(usage) ? 'files' : 'none'
}
