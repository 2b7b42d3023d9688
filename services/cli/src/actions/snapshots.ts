import { Snapshots } from '@dist/rootfs'
import { type SnapshotOptions, snapshotsFolder } from '../compose/snapshots.js'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { formatBytes, formatDuration } from '../format.js'
import type { OutputOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { type Column, type TableOptions, tableFor } from '../table.js'
import { forEachOf } from './several.js'

export interface SnapshotsOptions extends OutputOptions, SnapshotOptions, TableOptions {}

const columns: readonly Column[] = [
  { title: 'CHAIN ID' },
  { title: 'PARENT', rank: 2 },
  { title: 'SIZE' },
  { title: 'AGE' },
  { title: 'PATH', cut: 'end', least: 20, rank: 1 },
]

/** `dist snapshots`: what is unpacked. */
export async function listSnapshots(context: Context, options: SnapshotsOptions): Promise<number> {
  const snapshots = new Snapshots(snapshotsFolder(options, context.env))
  const damaged: string[] = []
  const all = await snapshots.list(({ error }) => damaged.push(error.message))
  if (options.json) for (const snapshot of all) printJson(context, snapshot)
  else {
    const rows = all.map(({ chainID, parent, size, createdAt, path }) => [
      chainID,
      parent ?? '-',
      formatBytes(size),
      formatDuration(Date.now() - createdAt.getTime()),
      path,
    ])
    context.stdout.write(tableFor(context, columns, rows, options))
  }
  for (const message of damaged) note(context, message)
  return exitCodes.done
}

/** `dist snapshots rm`: removes them, and what dead processes left; those that were made from them stay. */
export async function removeSnapshots(
  context: Context,
  texts: readonly string[],
  options: SnapshotsOptions,
): Promise<number> {
  const snapshots = new Snapshots(snapshotsFolder(options, context.env))
  await snapshots.sweep()
  return await forEachOf(context, texts, { json: options.json, member: 'chainID' }, async (text) => {
    const chainID = await snapshots.resolve(text)
    await snapshots.remove(chainID)
    if (options.json) printJson(context, { chainID })
    else print(context, chainID)
  })
}
