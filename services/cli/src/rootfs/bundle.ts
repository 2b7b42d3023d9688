import { resolve } from 'node:path'
import { parsePlatform } from '@dist/oci'
import type { SpecOptions } from '@dist/rootfs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { findImage } from '../input/images.js'
import { openSnapshots, openStore, type SnapshotOptions } from '../open/store.js'
import { type StoreOptions, withSnapshots, withStore } from '../options.js'
import { shownName } from '../output/format.js'
import { print, printJson } from '../output/print.js'
import { openView } from '../progress/images/view.js'
import { unpackShown, Warnings } from './unpacking.js'

const examples = `
Creates <dir>/rootfs, a copy of the root filesystem, and <dir>/config.json from the configuration of the image, with the
defaults of runc spec. A command after -- replaces the command of the image, not its entrypoint. <dir> must not exist or be
empty; it appears only when it is complete. Prints its path.

Examples:
  $ dist bundle alpine:3.20 ./alpine && runc run --bundle ./alpine my-alpine
  $ dist bundle alpine:3.20 ./once -- cat /etc/os-release
  $ dist bundle --rootless --terminal alpine:3.20 ./shell -- sh`

export const bundleCommand: Define = (context, onExit) =>
  withSnapshots(withStore(new Command('bundle')))
    .argument('<ref>', 'an image, as dist images shows it')
    .argument('<dir>', 'a directory that does not exist or is empty')
    .argument('[command...]', 'replaces the command of the image')
    .option('--platform <os/arch[/variant]>', 'the platform of an index (default: linux and this machine’s)')
    .option('--terminal', 'the process gets a terminal')
    .option('--rootless', 'for this user, to be run without root')
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
  /** Replaces the command of the image. */
  readonly command: readonly string[]
}

/** `dist bundle`: creates an OCI runtime bundle of an image of the store. */
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
