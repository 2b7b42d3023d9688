import type { TokenInfo, Tokens } from '@dist/runs'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import type { OutputOptions } from '../options.js'
import { formatDuration, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'
import { forEachOf } from '../several.js'
import type { CreateOptions } from './token.js'

/** `dist token create`. stdout gets the token and nothing else. */
export async function createToken(
  context: Context,
  { json, scope, expires: lifetime, name }: CreateOptions,
  tokens: Pick<Tokens, 'create'>,
): Promise<number> {
  const { token, info } = await tokens.create({ scope, lifetime, name })
  if (json) printJson(context, { token, ...info })
  else print(context, token)
  note(
    context,
    `token ${info.id}: scope ${scope}, until ${info.expiresAt.toISOString()}; it is not shown again`,
  )
  return exitCodes.done
}

/** `dist token list`, the newest first. */
export async function listTokens(
  context: Context,
  { json, trunc }: OutputOptions & TableOptions,
  tokens: Pick<Tokens, 'list'>,
): Promise<number> {
  const found = await tokens.list()
  if (json) for (const each of found) printJson(context, each)
  else context.stdout.write(tableFor(context, columns, found.map(cells), { trunc }))
  return exitCodes.done
}

/** `dist token revoke`: prints the ids. */
export async function revokeTokens(
  context: Context,
  ids: readonly string[],
  { json }: OutputOptions,
  tokens: Pick<Tokens, 'revoke'>,
): Promise<number> {
  return await forEachOf(context, ids, { json, member: 'token' }, async (id) => {
    await tokens.revoke(id)
    if (json) printJson(context, { token: id })
    else print(context, id)
  })
}

const columns: readonly Column[] = [
  { title: 'TOKEN' },
  { title: 'SCOPE' },
  { title: 'EXPIRES' },
  { title: 'AGE', rank: 1 },
  { title: 'NAME', cut: 'name', least: 8 },
]

function cells({ id, scope, name = '-', createdAt, expiresAt }: TokenInfo): string[] {
  const now = Date.now()
  return [
    id,
    scope,
    `in ${formatDuration(expiresAt.getTime() - now)}`,
    formatDuration(now - createdAt.getTime()),
    shownName(name),
  ]
}
