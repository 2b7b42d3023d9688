'use strict'
const { existsSync, readFileSync } = require('node:fs')
const { createRequire, enableCompileCache } = require('node:module')
const { join } = require('node:path')
const { cachedDataVersionTag, setFlagsFromString } = require('node:v8')
const { Script } = require('node:vm')

const bundle = join(__dirname, '..', 'bundle')
const requireFile = createRequire(join(bundle, 'main.js'))

const flags = [
  // undici's HTTP parser is WebAssembly. V8 would optimise it after a few responses, in each thread, which takes longer
  // than most commands and gains little: bodies are parsed in large chunks.
  '--wasm-tiering-budget=2000000000',
  // V8 lets garbage grow to three times of what lives before it collects old memory. As much again is enough: to collect it
  // more often takes a few percent of the processor time of a run of many images, and less of any other.
  '--heap-growing-percent=100',
  // V8 optimises a function after it has run for a fifth of this. Most commands end before that pays: a run of 300 images takes
  // a seventh less processor time like this. In a longer run the same functions are optimised a second later.
  '--interrupt-budget=600000',
]

/** Runs a program of the bundle in the main thread: `main`, `worker`. */
exports.start = async (name) => {
  if (!existsSync(join(bundle, `${name}.js`))) {
    process.stderr.write(
      `${name === 'main' ? 'dist' : `dist-${name}`}: not built yet: run "npm ci && npm run build"\n`,
    )
    process.exit(1)
  }
  exports.setFlags()
  await exports.load(name).main()
}

/** Sets V8's flags for the process. Compiled code depends on them. */
exports.setFlags = () => {
  for (const flag of flags) setFlagsFromString(flag)
}

/** Loads a program of the bundle, with its compiled code where the build has kept that for this Node and these flags. */
exports.load = (name) => {
  const code = exports.codeFolder()
  // V8 does not count the calls of functions that it compiled before.
  if (process.env.NODE_V8_COVERAGE === undefined && existsSync(code))
    return exports.openScripts(code).load(`./${name}.js`)
  // Node 22 and later keep compiled code for the next start. Not in Node's own folder below /tmp, where other users can put code.
  const { HOME, XDG_CACHE_HOME } = process.env
  const cache = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`)
  if (cache) enableCompileCache?.(`${cache}/dist/code`)
  return requireFile(`./${name}.js`)
}

/** The folder of the compiled code for this Node and the flags that are set. */
exports.codeFolder = () => join(bundle, 'code', String(cachedDataVersionTag()))

/**
 * Loads files of the bundle as CommonJS, as `require` does, but each as a script with its compiled code in `code`, if there is
 * any. V8 ignores code that does not fit. `scripts`: those that were loaded, by the names of their files.
 */
exports.openScripts = (code) => {
  const scripts = new Map()
  const modules = new Map()
  const load = (name) => {
    const known = modules.get(name)
    if (known !== undefined) return known.exports
    if (!name.startsWith('./')) return requireFile(name)
    const filename = join(bundle, name)
    // The bundle is ASCII.
    const source = `(function(exports,require,module,__filename){${readFileSync(filename, 'latin1')}\n})`
    const script = new Script(source, { filename, cachedData: read(join(code, name)) })
    const module = { exports: {} }
    modules.set(name, module)
    scripts.set(name, script)
    script.runInThisContext().call(module.exports, module.exports, load, module, filename)
    return module.exports
  }
  return { load, scripts }
}

function read(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
