import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { lowerUsing } from '../../infra/bundling/using.mjs'

const source = `
export async function tries(): Promise<string[]> {
  const said: string[] = []
  for (let i = 0; i < 4; i++) {
    try {
      using outer = { [Symbol.dispose]: () => { said.push('outer') } }
      await using inner = { [Symbol.asyncDispose]: async () => { said.push('inner') } }
      if (i % 2 === 0) throw new Error('failed')
      said.push('passed')
    } catch (error) {
      said.push((error as Error).message)
    }
  }
  return said
}`

it('a bundled loop forgets the error of an earlier pass', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dist-using-'))
  const file = join(folder, 'loop.ts')
  const outfile = join(folder, 'loop.mjs')
  writeFileSync(file, source)
  await build({
    ...{ entryPoints: [file], outfile, bundle: true, minify: true },
    ...{ format: 'esm', platform: 'node', target: 'node20', plugins: [lowerUsing] },
  })
  const { tries } = (await import(pathToFileURL(outfile).href)) as { tries(): Promise<string[]> }
  const said = await tries()
  rmSync(folder, { recursive: true })
  const [failed, passed] = [
    ['inner', 'outer', 'failed'],
    ['passed', 'inner', 'outer'],
  ]
  expect(said).toEqual([failed, passed, failed, passed].flat())
})
