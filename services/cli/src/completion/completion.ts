import { Argument, Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/exit.js'
import { type OutputOptions, withOutput } from '../options.js'
import { printJson } from '../output/print.js'
import { bashScript } from './bash.js'
import { fishScript } from './fish.js'
import { type CompletionCommand, completionTree } from './tree.js'
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
