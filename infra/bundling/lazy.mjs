/**
 * The parts of a bundle that are read only when they are needed, out of esbuild's metafile: the source file that is
 * imported dynamically, and the file of the bundle that has it.
 */
export function lazyParts({ inputs, outputs }) {
  const sources = new Set(
    Object.values(inputs).flatMap(({ imports }) => imports.filter(isLazy).map(({ path }) => path)),
  )
  return Object.entries(outputs)
    .filter(([, { entryPoint }]) => sources.has(entryPoint))
    .map(([file, { entryPoint, exports }]) => ({ source: entryPoint, file, exports }))
}

/**
 * Dynamic imports that reach CommonJS, as `importer -> package`: of such a file the bundle has nothing but `default`,
 * while the sources see its names. A file of our own between the two imports it statically, which gives names to both.
 */
export function namelessImports({ inputs }) {
  return Object.entries(inputs).flatMap(([importer, { imports }]) =>
    imports
      .filter((each) => isLazy(each) && inputs[each.path]?.format === 'cjs')
      .map(({ path }) => `${importer} -> ${path}`),
  )
}

function isLazy({ kind, external }) {
  return kind === 'dynamic-import' && external !== true
}
