import type { Descriptor, Platform } from '@dist/oci'
import type { ImageSource, Snapshots, UnpackEvent, Unpacked } from '@dist/rootfs'
import type { Context } from '../context.js'
import { note } from '../output/print.js'
import type { ViewEvent } from '../progress/images/model.js'

/** An image to unpack, with its destination and callbacks. */
export interface UnpackTask {
  /** The name of the image, sanitized. */
  readonly name: string
  readonly desc: Descriptor
  /** Default: of an index linux and this machine's architecture. */
  readonly platform?: Platform | undefined
  readonly source: ImageSource
  readonly snapshots: Snapshots
  /** Default: of all layers. */
  readonly keep?: 'all' | 'top' | undefined
  readonly onEvent: (event: ViewEvent) => void
  /** Called for each entry that could not be created exactly. */
  readonly onWarning: (warning: string) => void
}

/** Unpacks an image and reports the progress. Throws as `unpackImage`. */
export async function unpackShown({ signal }: Context, task: UnpackTask): Promise<Unpacked> {
  const { name: reference, desc, platform, source, snapshots, keep = 'all', onEvent } = task
  const tell = (state: 'unpacking' | 'unpacked' | 'failed') =>
    onEvent({ type: 'unpacked-image', reference, state })
  const { unpackImage } = await import('@dist/rootfs')
  tell('unpacking')
  try {
    const unpacked = await unpackImage(source, desc, {
      snapshots,
      keep,
      signal,
      onEvent: (event) => forward(event, task),
      platform,
    })
    tell('unpacked')
    return unpacked
  } catch (error) {
    tell('failed')
    throw error
  }
}

function forward(event: UnpackEvent, { name, onEvent, onWarning }: UnpackTask): void {
  const { desc } = event.layer
  if (event.type === 'warning') onWarning(`${name}: ${event.entry}: ${event.reason}`)
  else onEvent({ type: 'unpack', reference: name, desc, state: event.state, offset: event.offset })
}

/** The line of an unpacked image: name, chain ID and path. */
export function unpackedLine(name: string, { top }: Unpacked): string {
  return `${name} ${top.chainID} ${top.path}`
}

/** The JSON of an unpacked image. */
export function jsonUnpacked({ image, chain, top }: Unpacked) {
  return {
    manifest: image.desc.digest,
    chainID: top.chainID,
    path: top.path,
    snapshots: chain.map(({ chainID, parent, diffID, layer, size, entries, path }) => ({
      chainID,
      parent,
      diffID,
      layer,
      size,
      entries,
      path,
    })),
  }
}

/** Warnings that are printed without `-v`. */
const shownWarnings = 20

/** Collects warnings until the progress has ended. */
export class Warnings {
  readonly #all: string[] = []

  readonly add = (warning: string): void => {
    this.#all.push(warning)
  }

  /** Prints the warnings to stderr: all of them if `verbose`. */
  tell(context: Context, { verbose }: { verbose?: boolean | undefined }): void {
    const shown = verbose ? this.#all : this.#all.slice(0, shownWarnings)
    for (const warning of shown) note(context, warning)
    const more = this.#all.length - shown.length
    if (more > 0) note(context, `${more} more entries could not be created exactly; -v lists them`)
  }
}
