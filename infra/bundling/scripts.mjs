const imported = /\bimport(?:(\{[^}]*\})from)?("\.\/[\w-]+\.js");/g
const importedLater = /(?<![.\w$])import\(("[^"]*"|[\w$]+)\)(?!\{)/g
const exported = /\bexport(\{[^}]*\});?\s*$/
const url = 'process.getBuiltinModule("node:url").pathToFileURL(__filename).href'

/**
 * A module of the bundle as a CommonJS script, which loads faster: V8 can keep the compiled code of scripts, and files are read
 * at once. Dynamic imports become requires at their time. esbuild's own conversion would read a property, by a getter, at each use of an
 * import; here an import is a constant. Throws for an export that changes after the start of its module.
 */
export function toScript(text, file) {
  const [, names = '{}'] = exported.exec(text) ?? []
  const locals = [...names.matchAll(/([\w$]+)(?: as [\w$]+)?/g)].map(([, local]) => local)
  const changing = locals.find((local) => isAssignedAgain(text, local))
  if (changing !== undefined)
    throw new Error(`${file}: the export ${changing} changes: export a function that returns it`)
  const script = text
    .replace(exported, '')
    .replace(imported, (_, members, from) =>
      members === undefined
        ? `require(${from});`
        : `const ${members.replaceAll(' as ', ':')}=require(${from});`,
    )
    .replace(importedLater, 'Promise.resolve().then(()=>require($1))')
    .replaceAll('import.meta.url', url)
  return `"use strict";${script}module.exports=${names.replace(/([\w$]+)(?: as ([\w$]+))?/g, (_, local, name = local) => `${name}:${local}`)};\n`
}

/** Whether a name gets a value after its declaration. esbuild gives each name of a module's top level to nothing else in its file. */
function isAssignedAgain(text, local) {
  const name = String.raw`(?<![\w$.\\])${local.replaceAll('$', String.raw`\$`)}`
  const assigned = new RegExp(
    String.raw`${name}(?:=(?![=>])|\+\+|--|(?:\?\?|\|\||&&|<<|>>>?|\*\*|[-+*/%&|^])=)|(?:\+\+|--)${name}(?![\w$])`,
    'g',
  )
  const isDeclared = new RegExp(String.raw`\b(?:var|let) (?:[^;]*?,)?${name}[,;]`).test(text)
  const isFixed = isDeclared || new RegExp(String.raw`\b(?:function\*?|class) ${name}(?![\w$])`).test(text)
  return (text.match(assigned) ?? []).length > (isFixed ? 0 : 1)
}
