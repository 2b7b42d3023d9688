const imported = /\bimport(?:(?:\*as)? ([\w$]+)[ ,])?(\{[^}]*\})?from"((?:node:)?[\w/]+)";/g

/**
 * Has a module of the bundle get Node's own modules by a call instead of an import. An import reads all that a module exports, and
 * so loads what is loaded late otherwise: the streams of `fs`, the promises of `dns`, the Web Crypto API.
 */
export function callBuiltins(text, file) {
  const called = text.replace(imported, (_, name, members, module) => {
    const found = `process.getBuiltinModule("${module}")`
    const whole = name === undefined ? [] : [`${name}=${found}`]
    const parts = members === undefined ? [] : [`${members.replaceAll(' as ', ':')}=${found}`]
    return `const ${[...whole, ...parts].join()};`
  })
  if (/\bimport[\w$*{}, ]*from"(?!\.\/)/.test(called))
    throw new Error(`${file}: an import of a module of Node is not known`)
  return called
}
