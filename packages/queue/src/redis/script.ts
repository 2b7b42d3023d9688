import type { Redis } from 'ioredis'

export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>

type Scripted = (count: number, ...rest: (string | number)[]) => Promise<unknown>

/** A Lua script as a command of a client: sent once in full for each connection, by its hash from then on. */
export function defineScript(redis: Redis, name: string, lua: string): Script {
  redis.defineCommand(name, { lua })
  const command = Reflect.get(redis, name) as Scripted
  return (keys, args) => command.call(redis, keys.length, ...keys, ...args)
}
