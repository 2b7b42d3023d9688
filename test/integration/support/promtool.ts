import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** What promtool says of metrics; empty if it has nothing to object. Metrics of Node.js are not ours. */
export async function checkMetrics(text: string): Promise<string> {
  const own = text.split('\n').filter((line) => /^(# \w+ )?dist_/.test(line))
  return await promtool(['check', 'metrics'], `${own.join('\n')}\n`)
}

/** Runs promtool. Resolves to what it prints if it objects to something, else to nothing. */
export async function promtool(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('promtool', args)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return code === 0 ? '' : said
}
