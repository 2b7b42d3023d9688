import type { CompletionCommand, CompletionOption, ValueCompletion } from './completion.js'

/** The completion script for zsh: to be sourced, or to be a file `_dist` in a folder of `$fpath`. */
export function zshScript(tree: readonly CompletionCommand[]): string {
  return `#compdef dist
# Completion of dist for zsh. Load it with: source <(dist completion zsh)
_dist() {
  local command='' i
  local -a candidates
  for ((i = 2; i < CURRENT; i++)); do
    case "$command \${words[i]}" in
${tree.flatMap(subCommands).join('\n')}
    esac
  done
  case "$command \${words[CURRENT-1]}" in
${tree.flatMap(optionValues).join('\n')}
  esac
  case "$command" in
${tree.map(candidates).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_dist" ]; then _dist "$@"; else compdef _dist dist; fi
`
}

function subCommands({ path, commands }: CompletionCommand): string[] {
  return commands.map(({ name }) => `      '${path} ${name}') command='${`${path} ${name}`.trim()}' ;;`)
}

function optionValues({ path, options }: CompletionCommand): string[] {
  return options.flatMap(({ flags, value }) =>
    value === undefined
      ? []
      : [`    ${flags.map((flag) => `'${path} ${flag}'`).join('|')}) ${complete(value)}; return ;;`],
  )
}

function candidates({ path, commands, options, argument }: CompletionCommand): string {
  const rest = commands.length > 0 ? describe(commands) : complete(argument)
  return `    '${path}')
      if [[ \${words[CURRENT]} == -* ]]; then ${describe(options.flatMap(namedFlags))}
      else ${rest}; fi ;;`
}

function namedFlags({ flags, description }: CompletionOption): { name: string; description: string }[] {
  return flags.map((name) => ({ name, description }))
}

function describe(items: readonly { readonly name: string; readonly description: string }[]): string {
  const listed = items.map(({ name, description }) => quoted(`${name}:${description.replaceAll(':', '\\:')}`))
  return `candidates=(${listed.join(' ')}); _describe dist candidates`
}

function complete(value: ValueCompletion): string {
  if (value === 'files') return '_files'
  return value === 'none' ? ':' : `compadd -- ${value.join(' ')}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
