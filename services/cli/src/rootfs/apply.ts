import { DistError } from '@dist/errdefs'
import { parseDigest } from '@dist/oci'
import type { Applied, ApplyOptions as ApplySettings } from '@dist/rootfs'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openDirectory } from '../input/directory.js'
import { givenDigest } from '../input/images.js'
import { openInput } from '../input/stdin.js'
import { openStore } from '../open/store.js'
import { byteCount, positive, type StoreOptions, withStore } from '../options.js'
import { note, print, printJson } from '../output/print.js'
import { ApplyLine } from '../progress/line.js'

const examples = `
The layer is a tar archive, plain, gzip or zstd, from stdin or from the store. It is applied as the OCI image spec defines:
whiteouts remove entries of lower layers. If the layer is refused, or after Ctrl-C, the directory is restored. Prints the
diffID: the digest of the uncompressed archive.

Examples:
  $ dist apply rootfs < layer.tar.gz
  $ dist apply --diff-id sha256:2c26b4... rootfs < layer.tar.gz
  $ dist fetch localhost:5000/app sha256:9f86d0... type:blob | dist apply rootfs
  $ dist apply --layer sha256:9f86d0... rootfs`

export const applyCommand: Define = (context, onExit) =>
  withStore(new Command('apply'))
    .argument('<dir>', 'the root filesystem; created if it does not exist')
    .option('--layer <digest>', 'apply this layer of the store, not stdin')
    .option('--diff-id <digest>', 'the digest that the uncompressed layer must have')
    .addOption(
      new Option(
        '--max-bytes <bytes>',
        'refuse a layer that is larger than this, uncompressed (default: 64 GiB)',
      ).argParser(byteCount),
    )
    .addOption(
      new Option('--max-entries <n>', 'refuse a layer with more entries (default: 2000000)').argParser(
        positive,
      ),
    )
    .addOption(
      new Option(
        '--max-ratio <n>',
        'refuse a layer that expands by more than this factor (default: 1000)',
      ).argParser(positive),
    )
    .addHelpText('after', examples)
    .action(async (directory: string, options) => onExit(await apply(context, directory, options)))

export interface ApplyOptions extends StoreOptions {
  layer?: string | undefined
  diffId?: string | undefined
  maxBytes?: number | undefined
  maxEntries?: number | undefined
  maxRatio?: number | undefined
}

/** `dist apply`: applies a layer to a directory. On failure the directory is restored. */
export async function apply(context: Context, name: string, options: ApplyOptions): Promise<number> {
  if (name === '') throw new DistError('INVALID_ARGUMENT', '<dir> is empty: give a directory')
  const settings = settingsOf(options)
  const { diffID, size, entries } = await applyFrom(context, name, settings, options)
  if (options.json) printJson(context, { diffID, size, entries })
  else print(context, diffID)
  return exitCodes.done
}

function settingsOf({ diffId, maxBytes, maxEntries, maxRatio }: ApplyOptions): ApplySettings {
  return {
    ...(diffId === undefined ? {} : { diffID: parseDigest(diffId) }),
    limits: {
      ...(maxBytes === undefined ? {} : { bytes: maxBytes }),
      ...(maxEntries === undefined ? {} : { entries: maxEntries }),
      ...(maxRatio === undefined ? {} : { ratio: maxRatio }),
    },
  }
}

async function applyFrom(
  context: Context,
  name: string,
  settings: ApplySettings,
  { layer, ...options }: ApplyOptions,
): Promise<Applied> {
  if (layer === undefined) return await applyTo(context, name, fromStdin(context), settings)
  const digest = givenDigest(layer)
  await using store = await openStore(options, context.env)
  const { size } = await store.content.info(digest)
  const bytes = await store.content.open({ digest }, { signal: context.signal })
  const { verifiedBytes } = await import('@dist/rootfs')
  const whole = verifiedBytes(bytes, digest)
  return await applyTo(context, name, whole, { ...settings, verified: true }, size)
}

function fromStdin(context: Context): AsyncIterable<Uint8Array> {
  if (!context.stdin.isTTY) return openInput(context).from(0)
  throw new DistError(
    'INVALID_ARGUMENT',
    'the layer is read from stdin, but stdin is a terminal: add < layer.tar.gz, or give a layer of the store with --layer',
  )
}

async function applyTo(
  context: Context,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  settings: ApplySettings,
  total?: number,
): Promise<Applied> {
  const { applyLayer } = await import('@dist/rootfs')
  await using directory = await openDirectory(name)
  const line = new ApplyLine(context)
  try {
    const applied = await applyLayer(directory.path, bytes, {
      ...settings,
      signal: context.signal,
      onProgress: (read) => line.show(read, total),
      onWarning: ({ entry, reason }) => {
        line.end()
        note(context, `${entry}: ${reason}`)
      },
    })
    directory.keep()
    return applied
  } finally {
    line.end()
  }
}
