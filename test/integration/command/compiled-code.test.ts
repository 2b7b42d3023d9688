import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bundleFolder, program } from '../support/program.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

/** Loads the command, and prints for each script whether V8 took the compiled code that the build has kept. */
const takesCode = (loader: string) => `
  const bundle = require(${JSON.stringify(loader)})
  bundle.setFlags()
  const { load, scripts } = bundle.openScripts(bundle.codeFolder())
  load('./main.js')
  console.log(JSON.stringify([...scripts.values()].map((script) => script.cachedDataRejected === false)))`

/** Runs the command with a Node that can keep compiled code, and a flag for which the build has kept none; returns the folder that it was given. */
async function folderOfCode(env: Record<string, string>): Promise<string> {
  const told = workspace().file('told', '')
  const recording = workspace().file(
    'recording.mjs',
    `import module from 'node:module'
     import { writeFileSync } from 'node:fs'
     module.enableCompileCache = (folder) => writeFileSync(${JSON.stringify(told)}, folder)`,
  )
  const { code } = await workspace().dist(['version'], {
    env: { NODE_OPTIONS: `--stack-trace-limit=20 --import=${recording}`, ...env },
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

it('the build has kept compiled code of the command, which this Node takes', () => {
  const loader = join(program(), '..', 'load.cjs')
  const taken = JSON.parse(execFileSync(process.execPath, ['-e', takesCode(loader)], { encoding: 'utf8' }))
  expect(new Set(taken)).toEqual(new Set([true]))
})

it('compiled code that is cut off is not used', async () => {
  const copy = join(workspace().root, 'cli')
  cpSync(join(bundleFolder(), '..'), copy, { recursive: true })
  const code = join(copy, 'bundle', 'code')
  const files = readdirSync(code, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(30)
  files.forEach(({ parentPath, name }, i) => {
    truncateSync(join(parentPath, name), i * 10)
  })
  const {
    code: ended,
    stdout,
    stderr,
  } = await workspace().shell(
    `node ${copy}/bin/dist.mjs --version && node ${copy}/bin/dist.mjs pull nonsense/.`,
  )
  expect([ended, stdout, stderr]).toEqual([
    2,
    expect.stringMatching(/^\d/),
    expect.stringContaining('nonsense/.'),
  ])
})
