import { Argument, Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/exit.js'
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
  new Command('completion')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .addHelpText('after', examples)
    .action(async (shell: keyof typeof scripts) => onExit(printScript(context, shell, await loadTree())))

/** `dist completion`: the script for a shell, on stdout. */
function printScript({ stdout }: Context, shell: keyof typeof scripts, program: Command): number {
  stdout.write(scripts[shell](completionTree(program)))
  return exitCodes.done
}
