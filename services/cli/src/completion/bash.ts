import type { CompletionCommand, ValueCompletion } from './completion.js'

/** The completion script for bash. It needs no other package of completions. */
export function bashScript(tree: readonly CompletionCommand[]): string {
  return `# Completion of dist for bash. Load it with: source <(dist completion bash)
_dist() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
${subCommands(tree).join('\n')}
    esac
  done
  case "$command $prev" in
${tree.flatMap(optionValues).join('\n')}
  esac
  case "$command" in
${tree.map(words).join('\n')}
  esac
}
complete -o default -F _dist dist
`
}

function subCommands(tree: readonly CompletionCommand[]): string[] {
  return tree.flatMap(({ path, commands }) =>
    commands.map(({ name }) => `      '${path} ${name}') command='${`${path} ${name}`.trim()}' ;;`),
  )
}

function optionValues({ path, options }: CompletionCommand): string[] {
  return options.flatMap(({ flags, value }) =>
    value === undefined
      ? []
      : [`    ${flags.map((flag) => `'${path} ${flag}'`).join('|')}) ${complete(value)}; return ;;`],
  )
}

function words({ path, commands, options, argument }: CompletionCommand): string {
  const flags = options.flatMap((option) => option.flags).join(' ')
  const names = commands.map(({ name }) => name)
  const rest = names.length > 0 ? names : argument
  return `    '${path}') if [[ $cur == -* ]]; then ${complete(flags.split(' '))}; else ${complete(rest)}; fi ;;`
}

/** `complete -o default` completes files where the function finds nothing. */
function complete(value: ValueCompletion): string {
  if (value === 'files') return ':'
  if (value === 'none') return 'compopt +o default 2>/dev/null || :'
  return `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$cur"))`
}
