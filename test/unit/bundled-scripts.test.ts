import { runInThisContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { callBuiltins } from '../../infra/bundling/builtins.mjs'
import { toScript } from '../../infra/bundling/scripts.mjs'

/** Loads scripts of a bundle by their names. */
function loaderOf(modules: Readonly<Record<string, string>>) {
  return function load(name: string): Record<string, unknown> {
    const module = { exports: {} }
    const script = toScript(callBuiltins(modules[name] ?? '', name), name)
    const run = runInThisContext(`(function(require,module,__filename){${script}})`)
    run(load, module, '/some where/#1.js')
    return module.exports
  }
}

describe('a module of the bundle as a script', () => {
  it('imports and exports under the names of the module', () => {
    const load = loaderOf({
      './main.js': 'import{a as b,$c}from"./x.js";import"./x.js";var d=b+$c;export{d as sum,b};\n',
      './x.js': 'var e=1,$c=2;export{e as a,$c};\n',
    })
    expect(load('./main.js')).toEqual({ sum: 3, b: 1 })
  })

  it('imports other modules when they are needed, and modules of Node without a read of what they load late', async () => {
    const load = loaderOf({
      './main.js':
        'import p,{join as j}from"node:path";import*as o from"os";var l=()=>import("./x.js"),f=()=>j("a",p.sep,o.EOL);export{l,f};\n',
      './x.js': 'var e={import(a){return a}};export{e};\n',
    })
    const { l, f } = load('./main.js') as { l: () => Promise<{ e: unknown }>; f: () => string }
    expect(f()).toBe('a/\n')
    expect(await l()).toEqual({ e: { import: expect.any(Function) } })
  })

  it('knows its URL', () => {
    const load = loaderOf({ './main.js': 'var u=new URL("./b.js",import.meta.url).href;export{u};\n' })
    expect(load('./main.js')).toEqual({ u: 'file:///some%20where/b.js' })
  })

  it('is strict', () => {
    const load = loaderOf({ './main.js': 'var t=(function(){return this})();export{t};\n' })
    expect(load('./main.js')).toEqual({ t: undefined })
  })

  it('is refused when an export changes, since an import is a constant', () => {
    for (const change of ['a=2', 'a++', '--a', 'a||=2', 'a+=1'])
      expect(() => toScript(`var a=1;function f(){${change}}export{a,f};\n`, 'x.js')).toThrow(
        'the export a changes',
      )
    expect(() => toScript('function a(){}function f(){a=1}export{a};\n', 'x.js')).toThrow(
      'the export a changes',
    )
    expect(() => toScript('var b,a,c=()=>{a=1};export{a};\n', 'x.js')).toThrow('the export a changes')
    const same = 'var a=1,b=a==1,c=d=>a=>d;function f(x){x.a=2;return a===b}export{a,c,f};\n'
    expect(toScript(same, 'x.js')).toContain('module.exports={a:a,c:c,f:f}')
  })
})
