import { DistError } from '@dist/errdefs'
import { parseDigest } from '@dist/oci'
import { type Applied, type ApplyOptions as ApplySettings, applyLayer, verifiedBytes } from '@dist/rootfs'
import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { ApplyLine } from '../progress/apply.js'
import { openDirectory } from './directory.js'
import { openInput } from './input.js'
import { givenDigest } from './names.js'

export interface ApplyOptions extends StoreOptions {
  layer?: string | undefined
  diffId?: string | undefined
  maxBytes?: number | undefined
  maxEntries?: number | undefined
  maxRatio?: number | undefined
}

/** `dist apply`: a layer onto a directory, which stays as it was when anything is wrong with the layer. */
export async function apply(context: Context, name: string, options: ApplyOptions): Promise<number> {
  if (name === '') throw new DistError('INVALID_ARGUMENT', 'which directory? <dir> is empty')
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
  const whole = verifiedBytes(bytes, digest)
  return await applyTo(context, name, whole, { ...settings, verified: true }, size)
}

function fromStdin(context: Context): AsyncIterable<Uint8Array> {
  if (!context.stdin.isTTY) return openInput(context).from(0)
  throw new DistError(
    'INVALID_ARGUMENT',
    'the layer comes from stdin, which is a terminal: add < layer.tar.gz, or name one of the store with --layer',
  )
}

async function applyTo(
  context: Context,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  settings: ApplySettings,
  total?: number,
): Promise<Applied> {
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
