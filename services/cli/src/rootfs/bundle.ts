import { resolve } from 'node:path'
import { parsePlatform } from '@dist/oci'
import type { SpecOptions } from '@dist/rootfs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/exit.js'
import { findImage } from '../input/images.js'
import { openSnapshots, openStore, type SnapshotOptions } from '../open/store.js'
import { type StoreOptions, withSnapshots, withStore } from '../options.js'
import { shownName } from '../output/names.js'
import { print, printJson } from '../output/print.js'
import { openView } from '../progress/images/view.js'
import { unpackShown, Warnings } from './unpacking.js'

const examples = `
Makes <dir>/rootfs, a copy of the image's root filesystem, and <dir>/config.json, which says how the image wants to be
run; what it leaves open is as runc spec has it. A command behind -- takes the place of the image's own; its entrypoint
stays in front. <dir> must be absent or empty, and is there only once it is whole. Prints its path.

Examples:
  $ dist bundle alpine:3.20 ./alpine && runc run --bundle ./alpine my-alpine
  $ dist bundle alpine:3.20 ./once -- cat /etc/os-release
  $ dist bundle --rootless --terminal alpine:3.20 ./shell -- sh`

export const bundleCommand: Define = (context, onExit) =>
  withSnapshots(withStore(new Command('bundle')))
    .argument('<ref>', 'an image, as dist images shows it')
    .argument('<dir>', 'a directory that is not there yet, or empty')
    .argument('[command...]', 'what to run in place of the image’s own command')
    .option(
      '--platform <os/arch[/variant]>',
      'of an index, this platform (default: linux and this machine’s)',
    )
    .option('--terminal', 'the process gets a terminal')
    .option('--rootless', 'to be run by this user, without root')
    .addHelpText('after', examples)
    .action(async (reference: string, directory: string, command: string[], options) =>
      onExit(await bundle(context, { reference, directory, command }, options)),
    )

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
  const { requireEmpty, writeBundle } = await import('@dist/rootfs')
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
      snapshots: await openSnapshots(options, context.env),
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
