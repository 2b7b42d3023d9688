import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment, writeReferences } from './distributed.js'
import { fleet } from './fleet.js'
import { type Infrastructure, started } from './infrastructure.js'
import { note, plural, step } from './screen.js'
import { startSource } from './source.js'
import type { Stage } from './stage.js'

const commands = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))

/** Keeps the servers running for programs that the user starts. Never resolves; rejects when interrupted. */
export async function keepServers(stage: Stage, { redis, gateway }: Infrastructure): Promise<never> {
  const samples = fleet().flatMap((squad) => squad.samples)
  const source = await startSource(samples, stage.signal)
  stage.onEnd(() => source.stop())
  started(source.name, source.host, `a registry with ${plural(samples.length, 'image')}`)
  const references = await writeReferences(stage, samples, source)
  const file = join(stage.folder, 'env')
  const settings = { ...environment(redis.url, gateway), REFS: references }
  const lines = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`)
  await writeFile(file, [...lines, `export PATH='${commands}':"$PATH"`, ''].join('\n'), { mode: 0o600 })
  showLines(file, lines, source.host)
  return await new Promise((_, reject) => {
    // A pending promise alone does not keep the process.
    const awake = setInterval(() => {}, 2 ** 30)
    const end = () => {
      clearInterval(awake)
      reject(new Error('interrupted'))
    }
    stage.signal.addEventListener('abort', end, { once: true })
    if (stage.signal.aborted) end()
  })
}

function showLines(file: string, lines: readonly string[], host: string): void {
  step('In other terminals')
  note(`$ . ${file}`)
  note()
  note('which is')
  for (const line of lines) note(`  ${line}`)
  note('  and dist in the PATH')
  note()
  note('$ dist coordinator')
  note('$ dist worker')
  note('$ dist mirror -f $REFS')
  note()
  note(
    'An image from the bucket as a root filesystem, run, and pushed to the same registry under another name:',
  )
  note()
  note(`$ dist bundle ${host}/tools/cli:3 ./cli -- greet`)
  note('$ runc run --bundle ./cli cli               # as root, with Debian’s package runc')
  note(`$ dist push ${host}/tools/cli:3 ${host}/mine/cli:3`)
  note('$ dist export -f $REFS -o images.tar')
  note('$ dist import --store ./elsewhere images.tar')
  note(
    '$ DIST_QUEUE= dist verify --store ./elsewhere   # by this process: the queue’s workers verify their own store',
  )
  note()
  note('Ctrl-C ends the servers, and all that is in them.')
}
