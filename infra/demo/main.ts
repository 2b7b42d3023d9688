import { parseArgs } from 'node:util'
import { type Infrastructure, startInfrastructure } from './infrastructure.js'
import { bold, note } from './screen.js'
import { perform, type Stage } from './stage.js'
import { missingServers } from './versions.js'

const usage = `Usage: npm run demo [-- --embedded | --servers]

Shows dist with private servers on this machine, and removes everything at the end.

  --embedded    no queue, no S3: one process mirrors into a folder
  --servers     only Redis, an S3 gateway and a registry with images, until Ctrl-C`

const settings = readArguments()
if (settings === undefined) process.exit(2)
if (settings.help) console.log(usage)
else await perform((stage) => show(stage, settings))

function readArguments() {
  try {
    const flag = { type: 'boolean' } as const
    const options = { embedded: flag, servers: flag, help: { ...flag, short: 'h' } }
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`demo: ${(error as Error).message}\n\n${usage}`)
    return undefined
  }
}

// Each form is imported when it is known to be the one: it brings clients that the other does not need.
async function show(stage: Stage, { embedded = false, servers = false }): Promise<boolean> {
  forgetSettings()
  if (servers) {
    const { keepServers } = await import('./by-hand.js')
    return await keepServers(stage, await startInfrastructure(stage))
  }
  console.log(bold('dist mirrors container images: in bulk, every byte verified.'))
  const infrastructure = embedded ? undefined : await infrastructureFor(stage)
  if (infrastructure !== undefined) {
    const { playDistributed } = await import('./distributed.js')
    return await playDistributed(stage, infrastructure)
  }
  const { playEmbedded } = await import('./embedded.js')
  return await playEmbedded(stage)
}

/** Undefined, after a note with the reason, when this machine lacks a program. */
async function infrastructureFor(stage: Stage): Promise<Infrastructure | undefined> {
  const missing = missingServers()
  try {
    if (missing.length === 0) return await startInfrastructure(stage)
    goOnEmbedded(`Not installed: ${missing.join(', ')}.`)
  } catch (error) {
    if (stage.signal.aborted) throw error
    goOnEmbedded((error as Error).message)
  }
  return undefined
}

function goOnEmbedded(reason: string): void {
  note()
  for (const line of reason.split('\n').slice(0, 5)) note(line)
  note('So this is the form that needs no servers: one process, and a folder as its store.')
}

/** What the user has set up for a mirror of their own is not meant for the demo's. */
function forgetSettings(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(DIST|AWS)_|^REDIS_URL$/.test(name)) delete process.env[name]
  }
  // Everything is on this machine, and no proxy has to do with that.
  process.env.NO_PROXY = process.env.no_proxy = '127.0.0.1'
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
}
