import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DistError } from '@dist/errdefs'
import { type Applied, type ApplyOptions, type ApplyWarning, applyLayer } from '@dist/rootfs'
import { readTree, type TarEntry, type Tree, tarArchive } from '@dist/testkit'
import { afterEach, beforeEach, expect } from 'vitest'

export const isRoot = process.geteuid?.() === 0

/** A directory that layers are applied to, and another one beside it that no layer may reach. */
export class Target {
  readonly #base = mkdtempSync(join(tmpdir(), 'apply-'))
  readonly path = join(this.#base, 'target')
  readonly outside = join(this.#base, 'outside')
  readonly warnings: ApplyWarning[] = []

  constructor() {
    mkdirSync(this.path)
    mkdirSync(join(this.outside, 'directory'), { recursive: true })
    writeFileSync(join(this.outside, 'file'), 'of somebody else', { mode: 0o640 })
  }

  at(...parts: string[]): string {
    return join(this.path, ...parts)
  }

  apply(
    layer: readonly TarEntry[] | AsyncIterable<Uint8Array>,
    options: ApplyOptions = {},
  ): Promise<Applied> {
    const body = Symbol.asyncIterator in layer ? layer : chunksOf(tarArchive(layer))
    return applyLayer(this.path, body, { onWarning: (warning) => this.warnings.push(warning), ...options })
  }

  /** Applies a layer that must fail and leave both directories unchanged. */
  async refuses(
    layer: readonly TarEntry[] | AsyncIterable<Uint8Array>,
    options: ApplyOptions = {},
  ): Promise<DistError> {
    const before = this.everything()
    const error = await this.apply(layer, options).then(
      () => expect.unreachable('the layer was applied'),
      (error: unknown) => error,
    )
    expect(error).toBeInstanceOf(DistError)
    expect(this.everything()).toEqual(before)
    return error as DistError
  }

  tree(): Tree {
    return readTree(this.path)
  }

  /** Paths of all files, without the root. */
  names(): string[] {
    return Object.keys(this.tree()).filter((path) => path !== '.')
  }

  content(path: string): string | undefined {
    return this.tree()[path]?.content
  }

  everything(): Tree {
    return readTree(this.#base)
  }

  /** Warnings, without the one about owners. */
  left(): ApplyWarning[] {
    return this.warnings.filter(({ reason }) => !reason.startsWith('its owner'))
  }

  remove(): void {
    removeAll(this.#base)
  }
}

/** Removes directories, also those that their owner may not write to. */
export function removeAll(path: string): void {
  const giveRights = (directory: string) => {
    chmodSync(directory, 0o700)
    for (const entry of readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) giveRights(join(directory, entry.name))
  }
  if (!isRoot && existsSync(path)) giveRights(path)
  rmSync(path, { recursive: true, force: true })
}

/** A new target for each test of the file. */
export function useTarget(): () => Target {
  let target: Target | undefined
  beforeEach(() => {
    target = new Target()
  })
  afterEach(() => target?.remove())
  return () => target ?? expect.unreachable('outside of a test')
}

/** A stream of these chunks; functions among them run when they are reached. */
export async function* chunksOf(
  ...chunks: readonly (Uint8Array | (() => void))[]
): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (typeof chunk === 'function') chunk()
    else yield chunk
  }
}

/** A layer whose entries are read one after the other is applied; functions run in between. */
export function steps(...parts: readonly (TarEntry | (() => void))[]): AsyncGenerator<Uint8Array> {
  const chunks = parts.map((part) =>
    typeof part === 'function' ? part : tarArchive([part]).subarray(0, -1024),
  )
  return chunksOf(...chunks, new Uint8Array(1024))
}
