import { resolve } from 'node:path'
import { parsePlatform } from '@dist/oci'
import { requireEmpty, Snapshots, type SpecOptions, writeBundle } from '@dist/rootfs'
import { openStore } from '@dist/wiring'
import { type SnapshotOptions, snapshotsFolder } from '../compose/snapshots.js'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import type { StoreOptions } from '../options.js'
import { print, printJson } from '../output.js'
import { openView } from '../progress/view.js'
import { findImage, shownName } from './names.js'
import { unpackShown, Warnings } from './unpacking.js'

export interface BundleOptions extends StoreOptions, SnapshotOptions {
  platform?: string | undefined
  terminal?: boolean | undefined
  rootless?: boolean | undefined
}

export interface BundleRequest {
  /** The image. */
  readonly reference: string
  readonly directory: string
  /** Runs in place of the image's own command. */
  readonly command: readonly string[]
}

/** `dist bundle`: an image of the store as an OCI runtime bundle. */
export async function bundle(
  context: Context,
  { reference, directory, command }: BundleRequest,
  options: BundleOptions,
): Promise<number> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  const place = resolve(directory)
  requireEmpty(place)
  await using store = await openStore(options, context.env)
  const { name, desc } = await findImage(reference, store.names)
  const warnings = new Warnings()
  const view = await openView(context, { plain: options.verbose })
  try {
    const unpacked = await unpackShown(context, {
      name: shownName(name),
      desc,
      platform,
      source: store.content,
      snapshots: new Snapshots(snapshotsFolder(options, context.env)),
      // The others nobody asked for.
      keep: 'top',
      onEvent: view.onEvent,
      onWarning: warnings.add,
    })
    const spec = specOptions(command, options)
    const { config } = unpacked.image
    await writeBundle(place, config, unpacked.top, { ...spec, signal: context.signal })
    for (const { reason } of config.oddities ?? []) warnings.add(`${reason}: left out`)
    view.end()
    warnings.tell(context, options)
    const { chainID } = unpacked.top
    if (options.json) printJson(context, { name, bundle: place, chainID })
    else print(context, place)
    return exitCodes.done
  } finally {
    view.end()
  }
}

function specOptions(command: readonly string[], { terminal, rootless }: BundleOptions): SpecOptions {
  return {
    command,
    terminal: terminal === true,
    ...(rootless ? { rootless: { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 } } : {}),
  }
}
