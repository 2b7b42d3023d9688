// Runs commands of the bundle in one process and keeps the code that V8 has compiled for them. V8 compiles a function at its first
// call, so the code of a script that was only loaded would be its outermost function.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startRegistry } from './registry.mjs'

const bundle = createRequire(import.meta.url)('../../services/cli/bin/load.cjs')
bundle.setFlags()
const folder = bundle.codeFolder()
const { load, scripts } = bundle.openScripts(folder)
const host = await startRegistry()
// Refuses the password, so that a client of a queue loads its parts, and ends.
const redis = createServer((socket) => socket.once('data', () => socket.end('-WRONGPASS none\r\n'.repeat(2))))
await new Promise((resolve) => redis.listen(0, '127.0.0.1', resolve))
const image = `${host}/warm:1`

const { main } = load('./main.js')
const code = new Map()

await run(['pull', image])
await run(['pull', image])
keep()
for (const args of [
  ['mirror', image],
  ['images'],
  ['list'],
  ['inspect', image],
  ['resolve', image],
  ['push', image, `${host}/pushed:1`],
  ['copy', image, `${host}/copied:1`],
  ['verify'],
  ['export', image, '-o', 'image.tar'],
  ['import', 'image.tar'],
])
  await run(args)
// These fail once their parts are loaded.
for (const args of [
  ['runs', '--queue', `redis://:none@127.0.0.1:${redis.address().port}`],
  ['images', '--store', 's3://bucket?endpoint=http://127.0.0.1:1'],
  ['coordinator', '--config', 'none.yaml'],
  ['worker', '--config', 'none.yaml'],
])
  await run(args, 1, 2, 4)
keep()

const part = `${folder}.${process.pid}`
mkdirSync(part, { recursive: true })
for (const [name, bytes] of code) writeFileSync(join(part, name), bytes)
rmSync(folder, { recursive: true, force: true })
renameSync(part, folder)
process.exit(0)

async function run(args, ...codes) {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args)
  await main()
  if (![0, ...codes].includes(process.exitCode))
    throw new Error(`dist ${args.join(' ')} ended with ${process.exitCode}`)
}

/** Keeps the code of new scripts. V8 reads all of it at each start: what a pull loads has the functions of a pull alone. */
function keep() {
  for (const [name, script] of scripts) if (!code.has(name)) code.set(name, script.createCachedData())
}
