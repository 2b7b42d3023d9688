/**
 * Dynamic imports of CommonJS, as `importer -> package`. In the bundle such a module exports nothing but `default`,
 * while the sources see its names. The fix is a file of our own between the two that imports the package statically.
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
