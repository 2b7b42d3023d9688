import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

/** Runs the command with a Node that can keep compiled code; returns the folder that it was given. */
async function folderOfCode(env: Record<string, string>): Promise<string> {
  const told = workspace().file('told', '')
  const recording = workspace().file(
    'recording.mjs',
    `import module from 'node:module'
     import { writeFileSync } from 'node:fs'
     module.enableCompileCache = (folder) => writeFileSync(${JSON.stringify(told)}, folder)`,
  )
  const { code } = await workspace().dist(['version'], {
    env: { NODE_OPTIONS: `--import=${recording}`, ...env },
  })
  expect(code).toBe(0)
  return readFileSync(told, 'utf8')
}

it('compiled code is kept in the folder of the user, where no other user can write', async () => {
  const home = join(workspace().root, 'home')
  expect(await folderOfCode({ HOME: home, XDG_CACHE_HOME: '/cache' })).toBe('/cache/dist/code')
  expect(await folderOfCode({ HOME: home, XDG_CACHE_HOME: '' })).toBe(join(home, '.cache', 'dist', 'code'))
})

it('a user without a folder keeps none', async () => {
  expect(await folderOfCode({ HOME: '', XDG_CACHE_HOME: '' })).toBe('')
})
