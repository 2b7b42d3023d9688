import type { Argument, Command, Option } from 'commander'

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
