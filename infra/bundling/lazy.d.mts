import type { Metafile } from 'esbuild'

export function namelessImports(metafile: Metafile): string[]
