import { abortError, DistError, withSubject } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { type Applied, type ApplyLimits, type ApplyWarning, applyLayer } from './apply/index.js'
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
 * What a layer is going through. `exists`: its snapshot was there, or another process made it; `done`: this one did;
 * `failed`: it failed or was called off.
 */
export type UnpackState = 'waiting' | 'unpacking' | 'exists' | 'done' | 'failed'

export interface LayerEvent {
  readonly type: 'layer'
  readonly layer: RootLayer
  readonly state: UnpackState
  /** Bytes of the layer as it is stored that have been read. */
  readonly offset: number
}

/** Something of a layer that could not be made, and was left out. */
export interface LayerWarning extends ApplyWarning {
  readonly type: 'warning'
  readonly layer: RootLayer
}

export type UnpackEvent = LayerEvent | LayerWarning

export interface UnpackOptions extends ReadImageOptions {
  snapshots: Snapshots
  /**
   * Which snapshots are made: of every layer, so that other images find them; or of the last alone, which spares a
   * copy for each layer below it. Default: all.
   */
  keep?: 'all' | 'top' | undefined
  /** What a layer may ask of the machine. */
  limits?: Partial<ApplyLimits> | undefined
  /** Nothing depends on its being heard. */
  onEvent?: ((event: UnpackEvent) => void) | undefined
}

/** An image with the root filesystems that its layers make. */
export interface Unpacked {
  readonly image: RootImage
  /** That of each layer that is there, the lowest first. Of what was unpacked before, lower ones may be removed. */
  readonly chain: readonly Snapshot[]
  /** The image's own: the last of the chain. */
  readonly top: Snapshot
}

/**
 * Makes the root filesystem of an image: a snapshot for each layer (`keep`), on top of a copy of the one below. Those that
 * are there are used as they are, whichever image they were made for; with that of the last layer there is nothing to
 * do. Every layer is verified while it is read, as stored and uncompressed. After a failure what is visible are the
 * snapshots of the layers before the one that failed, each whole.
 *
 * Throws what `readImage` throws; `NOT_FOUND`, naming them, for layers that are not stored; `FAILED_PRECONDITION` for
 * one that does not verify; what `applyLayer` throws, with the layer's digest in front.
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
  if (top === undefined) throw new DistError('INTERNAL', `${image.desc.digest} has no snapshot`)
  return { image, chain, top }
}

/** Those that were made above the highest that was there, each at its layer's place. */
async function makeMissing(
  source: ImageSource,
  layers: readonly RootLayer[],
  found: readonly (Snapshot | undefined)[],
  options: UnpackOptions,
): Promise<(Snapshot | undefined)[]> {
  const start = found.findLastIndex((snapshot) => snapshot !== undefined) + 1
  const tell = teller(options)
  for (const [i, layer] of layers.entries()) tell(layer, i < start ? 'exists' : 'waiting')
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

/** Makes one snapshot on top of the other. */
class SnapshotMaker implements AsyncDisposable {
  /**
   * A draft that stands where the next layer goes: of a layer that is not kept, or that another process published
   * first, which makes it as good as a copy of that.
   */
  #spare: Draft | undefined

  constructor(
    private readonly source: ImageSource,
    private below: Snapshot | undefined,
    private readonly options: UnpackOptions,
  ) {}

  /** Undefined for a layer that is not kept. */
  async make(layer: RootLayer, isKept: boolean): Promise<Snapshot | undefined> {
    const tell = teller(this.options)
    try {
      const onProgress = (offset: number) => tell(layer, 'unpacking', offset)
      const { snapshot, own } = await this.#make(layer, isKept, onProgress)
      tell(layer, own ? 'done' : 'exists', layer.desc.size)
      this.below = snapshot
      return snapshot
    } catch (error) {
      tell(layer, 'failed')
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spare?.[Symbol.asyncDispose]()
    this.#spare = undefined
  }

  async #make(layer: RootLayer, isKept: boolean, onProgress: (offset: number) => void) {
    const { snapshots, signal } = this.options
    // Another process may have come as far meanwhile.
    const there = isKept ? await snapshots.find(layer.chainID) : undefined
    if (there !== undefined) {
      await this[Symbol.asyncDispose]()
      return { snapshot: there, own: false }
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
    throw new DistError('UNAVAILABLE', `snapshot ${layer.chainID} was removed meanwhile: try again`)
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
      return await useVerified(this.source, desc, use, { onProgress, ...(signal ? { signal } : {}) })
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

function teller({ onEvent }: UnpackOptions) {
  return (layer: RootLayer, state: UnpackState, offset = state === 'exists' ? layer.desc.size : 0) =>
    onEvent?.({ type: 'layer', layer, state, offset })
}
