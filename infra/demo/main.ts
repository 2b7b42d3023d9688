import { parseArgs } from 'node:util'
import { bold, note } from './screen.js'
import { perform, type Stage } from './stage.js'
import { missingServers } from './versions.js'

const usage = `Usage: npm run demo [-- --embedded]

Shows dist at work with servers of its own on this machine, and leaves nothing behind.

  --embedded    no queue, no S3: one process mirrors into a folder`

const settings = readArguments()
if (settings === undefined) process.exit(2)
if (settings.help) console.log(usage)
else await perform((stage) => show(stage, settings.embedded === true))

function readArguments() {
  try {
    const options = { embedded: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`demo: ${(error as Error).message}\n\n${usage}`)
    return undefined
  }
}

async function show(stage: Stage, embedded: boolean): Promise<boolean> {
  forgetSettings()
  console.log(bold('dist mirrors container images: in bulk, every byte verified.'))
  const missing = embedded ? [] : missingServers()
  if (missing.length > 0) {
    note()
    note(`Not installed: ${missing.join(', ')}. Without a queue and an S3 gateway, this is`)
    note('the form that needs no servers: one process, and a folder as its store.')
  }
  // Imported when it is known which one: each brings clients that the other does not need.
  const play = embedded || missing.length > 0 ? './embedded.js' : './distributed.js'
  const { playDemo } = (await import(play)) as { playDemo: (stage: Stage) => Promise<boolean> }
  return await playDemo(stage)
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
