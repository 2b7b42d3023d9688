import type { Redis } from 'ioredis'

type Value = string | number

/** Further keys and arguments of a script that takes a list of them. */
export interface Rest {
  readonly keys?: readonly string[] | undefined
  readonly args?: readonly Value[] | undefined
}

/** A Lua script as a function. Its keys and arguments are given by name. */
export type Script<Key extends string, Argument extends string, Reply> = (
  redis: Redis,
  keys: Readonly<Record<Key, string>>,
  args: Readonly<Record<Argument, Value>>,
  rest?: Rest,
) => Promise<Reply>

interface ScriptSource<Key extends string, Argument extends string, Reply> {
  /** The names of its keys: `keys.<name>` in Lua; the list of further ones is `rest.keys`. */
  readonly keys: readonly Key[]
  /** The names of its arguments: `args.<name>` in Lua; the list of further ones is `rest.args`. */
  readonly args: readonly Argument[]
  readonly lua: string
  /** Reads what the script returns. */
  reply(value: unknown): Reply
}

type Command = (keyCount: number, ...rest: Value[]) => Promise<unknown>

/**
 * Makes a function of a Lua script. `name` is unique among the scripts that one client runs. A client sends the script
 * in full once for each connection and by its hash from then on. Commands of one client, scripts too, are carried out
 * in the order in which they are called.
 */
export function defineScript<const Key extends string, const Argument extends string, Reply>(
  name: string,
  source: ScriptSource<Key, Argument, Reply>,
): Script<Key, Argument, Reply> {
  const command = `dist:${name}`
  const lua = prelude(source.keys, source.args) + source.lua
  return async (redis, keys, args, rest = {}) => {
    if (!(command in redis)) redis.defineCommand(command, { lua })
    const run = Reflect.get(redis, command) as Command
    const keyList = [...source.keys.map((key) => keys[key]), ...(rest.keys ?? [])]
    const argList = [...source.args.map((arg) => args[arg]), ...(rest.args ?? [])]
    return source.reply(await run.call(redis, keyList.length, ...keyList, ...argList))
  }
}

/** Lua that gives the keys and arguments their names. */
function prelude(keys: readonly string[], args: readonly string[]): string {
  const fields = (names: readonly string[], list: string) =>
    names.map((name, i) => `${name} = ${list}[${i + 1}]`).join(', ')
  return `
local keys = {${fields(keys, 'KEYS')}}
local args = {${fields(args, 'ARGV')}}
local rest = {keys = {}, args = {}}
for i = ${keys.length + 1}, #KEYS do rest.keys[i - ${keys.length}] = KEYS[i] end
for i = ${args.length + 1}, #ARGV do rest.args[i - ${args.length}] = ARGV[i] end
`
}
