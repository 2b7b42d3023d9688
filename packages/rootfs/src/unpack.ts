import { abortError, DistError, withSubject } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { applyLayer } from './apply/apply.js'
import type { Applied, ApplyLimits, ApplyWarning } from './apply/options.js'
import {
  type ImageSource,
  type ReadImageOptions,
  type RootImage,
  type RootLayer,
  readImage,
  requireLayers,
} from './image.js'
import type { Draft } from './snapshots/draft.js'
import type { Snapshot } from './snapshots/snapshot.js'
import type { Snapshots } from './snapshots/snapshots.js'
import { sizeOnDisk } from './snapshots/tree.js'
import { useVerified } from './verified.js'

/**
 * The state of a layer. `exists`: its snapshot existed, or another process made it; `done`: this process made it;
 * `failed`: it failed or was aborted.
 */
export type UnpackState = 'waiting' | 'unpacking' | 'exists' | 'done' | 'failed'

export interface LayerEvent {
  readonly type: 'layer'
  readonly layer: RootLayer
  readonly state: UnpackState
  /** Bytes of the stored layer that have been read. */
  readonly offset: number
}

/** A part of a layer that could not be made and was left out. */
export interface LayerWarning extends ApplyWarning {
  readonly type: 'warning'
  readonly layer: RootLayer
}

export type UnpackEvent = LayerEvent | LayerWarning

export interface UnpackOptions extends ReadImageOptions {
  snapshots: Snapshots
  /**
   * The snapshots to make: of each layer, so that other images can use them; or only of the last layer, which saves a copy
   * for each lower layer. Default: all.
   */
  keep?: 'all' | 'top' | undefined
  /** Limits of each layer. */
  limits?: Partial<ApplyLimits> | undefined
  /** Called with progress and warnings. Default: they are dropped. */
  onEvent?: ((event: UnpackEvent) => void) | undefined
}

/** An image with the snapshots of its layers. */
export interface Unpacked {
  readonly image: RootImage
  /** The existing snapshots, the lowest first. Those of lower layers may be missing if an earlier run made them. */
  readonly chain: readonly Snapshot[]
  /** The snapshot of the image: the last of the chain. */
  readonly top: Snapshot
}

/**
 * Makes the root filesystem of an image: a snapshot for each layer (`keep`), made from a copy of the one below. Existing
 * snapshots are used, also those of other images; if that of the last layer exists, nothing is done. Each layer is verified
 * while it is read, compressed and uncompressed. After a failure the snapshots of the layers before the failed one are
 * visible and complete.
 *
 * Throws what `readImage` throws; `NOT_FOUND`, naming the layers, for layers that are not stored; `FAILED_PRECONDITION`
 * for a layer that does not verify; what `applyLayer` throws, prefixed with the digest of the layer.
 */
export async function unpackImage(
  source: ImageSource,
  root: Descriptor,
  options: UnpackOptions,
): Promise<Unpacked> {
  const image = await readImage(source, root, options)
  const { snapshots } = options
  const found = await Promise.all(image.layers.map(({ chainID }) => snapshots.find(chainID)))
  const made = await makeMissing(source, image.layers, found, options)
  const chain = found.map((snapshot, i) => made[i] ?? snapshot).filter((snapshot) => snapshot !== undefined)
  const top = chain.at(-1)
  if (top === undefined) throw new DistError('INTERNAL', `${image.desc.digest}: no snapshot was made`)
  return { image, chain, top }
}

/** Makes the snapshots above the highest existing one; the result has them at the index of their layer. */
async function makeMissing(
  source: ImageSource,
  layers: readonly RootLayer[],
  found: readonly (Snapshot | undefined)[],
  options: UnpackOptions,
): Promise<(Snapshot | undefined)[]> {
  const start = found.findLastIndex((snapshot) => snapshot !== undefined) + 1
  const report = reporter(options)
  for (const [i, layer] of layers.entries()) report(layer, i < start ? 'exists' : 'waiting')
  const made: (Snapshot | undefined)[] = []
  if (start === layers.length) return made
  await requireLayers(source, layers.slice(start))
  await options.snapshots.sweep()
  await using maker = new SnapshotMaker(source, found[start - 1], options)
  for (let i = start; i < layers.length; i++) {
    const isKept = options.keep !== 'top' || i === layers.length - 1
    made[i] = await maker.make(layers[i] as RootLayer, isKept)
  }
  return made
}

/** Makes one snapshot after the other, each from the one below. */
class SnapshotMaker implements AsyncDisposable {
  /**
   * A draft that the next layer can be applied to: of a layer whose snapshot is not kept, or that another process published
   * first, so that it equals a copy of that snapshot.
   */
  #spare: Draft | undefined

  constructor(
    private readonly source: ImageSource,
    private below: Snapshot | undefined,
    private readonly options: UnpackOptions,
  ) {}

  /** Undefined for a layer whose snapshot is not kept. */
  async make(layer: RootLayer, isKept: boolean): Promise<Snapshot | undefined> {
    const report = reporter(this.options)
    try {
      const onProgress = (offset: number) => report(layer, 'unpacking', offset)
      const { snapshot, own } = await this.#make(layer, isKept, onProgress)
      report(layer, own ? 'done' : 'exists', layer.desc.size)
      this.below = snapshot
      return snapshot
    } catch (error) {
      report(layer, 'failed')
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spare?.[Symbol.asyncDispose]()
    this.#spare = undefined
  }

  async #make(layer: RootLayer, isKept: boolean, onProgress: (offset: number) => void) {
    const { snapshots, signal } = this.options
    // Another process may have made it meanwhile.
    const existing = isKept ? await snapshots.find(layer.chainID) : undefined
    if (existing !== undefined) {
      await this[Symbol.asyncDispose]()
      return { snapshot: existing, own: false }
    }
    onProgress(0)
    const draft = this.#spare ?? (await snapshots.draft(this.below, signal))
    this.#spare = draft
    const applied = await this.#apply(layer, draft, onProgress)
    if (!isKept) return { snapshot: undefined, own: true }
    const own = await publish(draft, layer, applied)
    if (own) this.#spare = undefined
    const snapshot = await snapshots.find(layer.chainID)
    if (snapshot !== undefined) return { snapshot, own }
    throw new DistError('UNAVAILABLE', `snapshot ${layer.chainID}: removed meanwhile; try again`)
  }

  async #apply(layer: RootLayer, draft: Draft, onProgress: (offset: number) => void): Promise<Applied> {
    const { signal, limits, onEvent } = this.options
    const { desc, diffID } = layer
    const options = {
      diffID,
      undo: false,
      onWarning: (warning: ApplyWarning) => onEvent?.({ type: 'warning', layer, ...warning }),
      limits,
      signal,
    }
    try {
      const use = (body: AsyncIterable<Uint8Array>) => applyLayer(draft.path, body, options)
      return await useVerified(this.source, desc, use, { onProgress, signal })
    } catch (error) {
      if (signal?.aborted) throw abortError(signal)
      if (!(error instanceof DistError) || error.message.includes(desc.digest)) throw error
      throw new DistError(error.code, withSubject(`layer ${desc.digest}`, error.message), { cause: error })
    }
  }
}

async function publish(draft: Draft, layer: RootLayer, { entries }: Applied): Promise<boolean> {
  const { chainID, parent, diffID, desc } = layer
  const size = await sizeOnDisk(draft.path)
  return await draft.publish({
    chainID,
    parent,
    diffID,
    layer: desc.digest,
    size,
    entries,
    createdAt: new Date(),
  })
}

function reporter({ onEvent }: UnpackOptions) {
  return (layer: RootLayer, state: UnpackState, offset = state === 'exists' ? layer.desc.size : 0) =>
    onEvent?.({ type: 'layer', layer, state, offset })
}
