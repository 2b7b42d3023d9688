import { readFile } from 'node:fs/promises'
import { transform } from 'esbuild'

const lowered = /\bvar (_stack\d*) = \[\];/g

/**
 * Lowers `using`, which Node 20 does not know, as esbuild does, but for a fault of esbuild: it keeps a block's error in variables of the
 * whole function, so that a loop whose block has thrown once throws the same error at the end of every later pass.
 */
export const lowerUsing = {
  name: 'lower-using',
  setup(build) {
    const { target } = build.initialOptions
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      if (!/\busing \w+ =/.test(source)) return undefined
      const { code } = await transform(source, { loader: 'ts', target, sourcefile: path })
      return { contents: forgetful(code, path), loader: 'js' }
    })
  },
}

/** Each block starts without an error. Throws for code of another form. */
function forgetful(code, path) {
  return code.replace(lowered, (_declaration, stack, at) => {
    const end = new RegExp(`__callDispose\\(${stack}, (_error\\d*), (_hasError\\d*)\\)`)
    const [found, error, hasError] = end.exec(code.slice(at)) ?? []
    if (found === undefined) throw new Error(`${path}: esbuild lowers "using" in a way that is not known`)
    return `var ${stack} = [], ${error}, ${hasError} = false;`
  })
}
