import { type Scope, scopes, type Tokens } from '@dist/runs'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { openRedis } from '../open/queue.js'
import { duration, type OutputOptions, withOutput, withRedis, withTable } from '../options.js'
import type { TableOptions } from '../output/table.js'
import { createToken, listTokens, revokeTokens } from './work.js'

const examples = `
A program sends a token to the API of dist dashboard; dist --server sends that of DIST_TOKEN. Only a hash of it is kept, in the
Redis of the queue.

Examples:
  $ dist token create --scope submit --name ci > token
  $ dist token list
  $ dist token revoke 3f9k2a`

const createExamples = `
read looks at runs, hosts and queues. submit also submits, retries and cancels runs, and starts schedules. admin does everything.
The token is printed once, alone on stdout.

Examples:
  $ dist token create --scope read --expires 365d --name monitoring
  $ DIST_TOKEN=$(dist token create --scope submit --expires 1h) dist mirror --server https://mirror.example.com -f refs.txt`

const listExamples = `
Examples:
  $ dist token list
  $ dist token list --json | jq -r 'select(.scope == "admin").id'`

const revokeExamples = `
Examples:
  $ dist token revoke 3f9k2a`

interface RedisOptions extends OutputOptions {
  queue?: string | undefined
}

export interface CreateOptions extends RedisOptions {
  scope: Scope
  /** Milliseconds. */
  expires: number
  name?: string | undefined
}

export const tokenCommand: Define = (context, onExit, loadTree) => {
  const define = (command: Define) => command(context, onExit, loadTree)
  return withRedis(withOutput(new Command('token')))
    .addHelpText('after', examples)
    .addCommand(define(createCommand))
    .addCommand(define(listCommand))
    .addCommand(define(revokeCommand))
}

/** Milliseconds. A token that is valid for longer is forgotten rather than renewed. */
const longestLifetime = duration('3650d')

function lifetime(text: string): number {
  const milliseconds = duration(text)
  if (milliseconds > 0 && milliseconds <= longestLifetime) return milliseconds
  throw new InvalidArgumentError('It must be longer than 0, and at most 3650d.')
}

const createCommand: Define = (context, onExit) =>
  withRedis(withOutput(new Command('create')))
    .description('make a token, and print it')
    .addOption(new Option('--scope <scope>', 'what it allows').choices(scopes).makeOptionMandatory())
    .addOption(
      new Option('--expires <duration>', 'how long it is valid')
        .argParser(lifetime)
        .default(lifetime('90d'), '90d'),
    )
    .option('--name <name>', 'what it is for, as lists and logs show it')
    .addHelpText('after', createExamples)
    .action(async (_options, command: Command) => {
      const options: CreateOptions = command.optsWithGlobals()
      onExit(await withTokens(context, options, (tokens) => createToken(context, options, tokens)))
    })

const listCommand: Define = (context, onExit) =>
  withTable(withRedis(withOutput(new Command('list'))))
    .description('list the tokens that are valid')
    .addHelpText('after', listExamples)
    .action(async (_options, command: Command) => {
      const options: RedisOptions & TableOptions = command.optsWithGlobals()
      onExit(await withTokens(context, options, (tokens) => listTokens(context, options, tokens)))
    })

const revokeCommand: Define = (context, onExit) =>
  withRedis(withOutput(new Command('revoke')))
    .description('have tokens refused from now on')
    .argument('<id...>', 'tokens, as dist token list shows them')
    .addHelpText('after', revokeExamples)
    .action(async (ids: string[], _options, command: Command) => {
      const options: RedisOptions = command.optsWithGlobals()
      onExit(await withTokens(context, options, (tokens) => revokeTokens(context, ids, options, tokens)))
    })

async function withTokens(
  context: Context,
  options: RedisOptions,
  work: (tokens: Tokens) => Promise<number>,
): Promise<number> {
  const { requiredRedis } = await import('@dist/settings/command')
  await using queue = await openRedis(requiredRedis(options, context.env), context)
  return await work(queue.tokens())
}
