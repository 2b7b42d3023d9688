import type { Metafile } from 'esbuild'

export interface LazyPart {
  readonly source: string
  readonly file: string
  readonly exports: readonly string[]
}

export function lazyParts(metafile: Metafile): LazyPart[]
export function namelessImports(metafile: Metafile): string[]
