// Runs the built command several times in one process: the parent sends the arguments, and gets the exit code and what was written.
// The argument is the file of the built command that loads its bundle.
import { createRequire } from 'node:module'

const { setFlags, load } = createRequire(import.meta.url)(process.argv[2])
setFlags()
const { main } = load('main')
// Each run adds listeners to the streams of the process.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0)

process.on('message', async (args) => {
  process.argv = [process.argv[0], 'dist', ...args]
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'])
    process[name].write = (text, ...rest) => {
      written[name] += text
      rest.find((each) => typeof each === 'function')?.()
      return true
    }
  await main()
  process.send({ code: process.exitCode, ...written })
})
