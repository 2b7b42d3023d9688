import type { Metafile } from 'esbuild'

/** A source file that is imported dynamically, and the file of the bundle that contains it. */
export interface LazyPart {
  readonly source: string
  readonly file: string
}

/** The parts of a bundle that are loaded dynamically. */
export function lazyParts({ inputs, outputs }: Metafile): LazyPart[] {
  const imports = Object.values(inputs).flatMap((input) => input.imports)
  const sources = new Set(
    imports.filter(({ kind, external }) => kind === 'dynamic-import' && !external).map(({ path }) => path),
  )
  return Object.entries(outputs).flatMap(([file, { entryPoint: source }]) =>
    source !== undefined && sources.has(source) ? [{ source, file }] : [],
  )
}
