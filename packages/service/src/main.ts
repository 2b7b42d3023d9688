import { parseArgs } from 'node:util'
import { codeOf, DistError, sanitize } from '@dist/errdefs'
import { docOf, type Flags, kebab, type ServiceName, serviceShapes } from '@dist/settings'
import type { z } from 'zod'
import type { ServiceContext } from './context.js'
import { createLogger } from './log.js'

/**
 * The program of a service: its flags from the arguments, its settings from the environment, its log to standard
 * output. SIGTERM and SIGINT stop it, a second one ends it at once. Exit codes: 0 stopped, 2 what cannot be right in
 * flags and settings, 1 everything else; why is the last line of the log.
 */
export async function serviceMain<Name extends ServiceName>(
  name: Name,
  program: NodeJS.Process,
  run: (flags: Flags<Name>, context: ServiceContext) => Promise<void>,
): Promise<void> {
  // Before anything uses libuv's threads: small blobs are many files at a time, each waiting for the disk.
  program.env.UV_THREADPOOL_SIZE ??= '8'
  // The AWS SDK prints a notice on Node 20 otherwise.
  program.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  // Should the event loop ever run empty before the service is through, that is no success.
  program.exitCode = 1
  const context = { env: program.env, signal: stopSignal(program), log: program.stdout }
  try {
    const flags = parseFlags(name, program.argv.slice(2))
    if (flags === undefined) program.stdout.write(usage(name))
    else await run(flags, context)
    program.exitCode = 0
  } catch (error) {
    logEnd(name, context.log, error)
    program.exitCode = codeOf(error) === 'INVALID_ARGUMENT' ? 2 : 1
  }
  // What is still open after the deadline must not keep the process.
  program.stdout.write('', () => program.exit())
}

/** The last line of the log of a service that cannot start, or not go on. */
export function logEnd(name: ServiceName, log: ServiceContext['log'], error: unknown): void {
  createLogger(name, 'error', log).error('it cannot go on', { error })
}

/** The flags of a command line; undefined when help is asked for. Throws `INVALID_ARGUMENT`. */
export function parseFlags<Name extends ServiceName>(
  name: Name,
  args: readonly string[],
): Flags<Name> | undefined {
  const keys = new Map(['config', ...flagsOf(name).map(([key]) => key)].map((key) => [kebab(key), key]))
  const options = Object.fromEntries([...keys.keys()].map((flag) => [flag, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help) return undefined
    return Object.fromEntries(
      Object.entries(values).map(([flag, value]) => [keys.get(flag), value]),
    ) as Flags<Name>
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new DistError('INVALID_ARGUMENT', sanitize(said), { cause })
  }
}

function usage(name: ServiceName): string {
  const lines = flagsOf(name).map(([key, setting]) => `  --${kebab(key)} ${docOf(setting).placeholder}`)
  return [
    `Usage: dist-${name} [options]`,
    '',
    '  --config <file>',
    ...lines,
    '',
    'docs/configuration.md has all of it.',
    '',
  ].join('\n')
}

function flagsOf(name: ServiceName): [string, z.ZodType][] {
  return Object.entries<z.ZodType>(serviceShapes[name]).filter(([, setting]) => !docOf(setting).secret)
}

function stopSignal(program: NodeJS.Process): AbortSignal {
  const controller = new AbortController()
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    program.on(name, () => {
      if (controller.signal.aborted) program.exit(code)
      controller.abort(name)
    })
  return controller.signal
}
