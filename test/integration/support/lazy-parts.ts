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

/** The sources that are loaded with a part: those of its file, and of the files that it imports statically. */
export function loadedWith(source: string, { outputs }: Metafile): ReadonlySet<string> {
  const file = Object.keys(outputs).find((each) => outputs[each]?.entryPoint === source)
  if (file === undefined) throw new Error(`no part of the bundle begins with ${source}`)
  const files = new Set([file])
  // The set grows while it is read.
  for (const each of files)
    for (const { kind, path } of outputs[each]?.imports ?? [])
      if (kind === 'import-statement') files.add(path)
  const inputs = [...files].flatMap((each) => Object.entries(outputs[each]?.inputs ?? {}))
  return new Set(inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path))
}
