// esbuild's helper of `keepNames`, minified: m=(a,b)=>e(a,"name",{value:b,configurable:!0})
const helper = /(\w+)=\((\w+),(\w+)\)=>(\w+)\(\2,"name",\{value:\3,configurable:!0\}\)/g

/**
 * Has only classes and constructors of the bundle's modules keep their names. esbuild calls its helper for each arrow function that
 * a program creates, which takes a few percent of the time of small images. Errors print the names of classes only.
 */
export function nameConstructorsOnly(texts) {
  let found = 0
  const changed = texts.map((text) =>
    text.replace(helper, (_, name, target, value, define) => {
      found++
      return `${name}=(${target},${value})=>${target}.prototype===void 0?${target}:${define}(${target},"name",{value:${value},configurable:!0})`
    }),
  )
  if (found === 1) return changed
  console.error(
    `bundle: found ${found} helpers for names instead of 1: infra/bundling/names.mjs does not fit this esbuild`,
  )
  process.exit(1)
}
