import type { CompletionCommand, CompletionOption, ValueCompletion } from './completion.js'

/** The completion script for fish. */
export function fishScript(tree: readonly CompletionCommand[]): string {
  return `# Completion of dist for fish. Load it with: dist completion fish | source
function __dist_at
    set -l command ''
    for word in (commandline -opc)[2..]
        switch "$command $word"
${tree.flatMap(subCommands).join('\n')}
        end
    end
    test "$command" = "$argv[1]"
end
complete -c dist -f
${tree.flatMap(lines).join('\n')}
`
}

function subCommands({ path, commands }: CompletionCommand): string[] {
  return commands.flatMap(({ name }) => [
    `            case '${path} ${name}'`,
    `                set command '${`${path} ${name}`.trim()}'`,
  ])
}

function lines({ path, commands, options, argument }: CompletionCommand): string[] {
  const at = `complete -c dist -n '__dist_at "${path}"'`
  return [
    ...commands.map(({ name, description }) => `${at} -a ${name} -d ${quoted(description)}`),
    ...(commands.length > 0 ? [] : argumentLines(at, argument)),
    ...options.map(
      (option) => `${at} ${flagsOf(option)}${valueFlags(option)} -d ${quoted(option.description)}`,
    ),
  ]
}

function argumentLines(at: string, argument: ValueCompletion): string[] {
  if (argument === 'files') return [`${at} -F`]
  return argument === 'none' ? [] : [`${at} -a ${quoted(argument.join(' '))}`]
}

function flagsOf({ flags }: CompletionOption): string {
  return flags
    .map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
    .join(' ')
}

function valueFlags({ value }: CompletionOption): string {
  if (value === undefined) return ''
  if (value === 'files') return ' -rF'
  return value === 'none' ? ' -x' : ` -xa ${quoted(value.join(' '))}`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
