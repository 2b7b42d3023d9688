import type { BuildOptions } from 'esbuild'

export const root: string
export const outdir: string
export const options: BuildOptions & { readonly metafile: true }
