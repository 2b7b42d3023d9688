import { Command } from 'commander'

/** `dist help [command]`: the same as `--help` of the command, or of the program. */
export function helpCommand(program: Command): Command {
  return new Command('help')
    .description('print help, of the program or of a command')
    .argument('[command...]', 'a command, as images, or images rm')
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
