import { parseArgs } from 'node:util'
import { codeOf, DistError, sanitize } from '@dist/errdefs'
import { docOf, type Flags, kebab, type ServiceName, serviceShapes } from '@dist/settings'
import type { z } from 'zod'
import type { ServiceContext } from './host.js'
import { createLogger } from './log.js'

/**
 * The main function of a service program. Reads flags from the arguments and settings from the environment, and logs to
 * standard output. SIGTERM and SIGINT stop the service; a second signal ends the process at once. Exit codes: 0 stopped, 2
 * invalid flags or settings, 1 other errors. The last line of the log has the error.
 */
export async function serviceMain<Name extends ServiceName>(
  name: Name,
  program: NodeJS.Process,
  run: (flags: Flags<Name>, context: ServiceContext) => Promise<void>,
): Promise<void> {
  // Must be set before libuv starts its threads. Each small blob occupies a thread while it is written.
  program.env.UV_THREADPOOL_SIZE ??= '8'
  // The AWS SDK prints a notice on Node 20 otherwise.
  program.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  // The exit code if the event loop becomes empty before the service has ended.
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
  // Connections that are still open must not keep the process running.
  program.stdout.write('', () => program.exit())
}

/** Logs the error that ends a service, as the last line of its log. */
export function logEnd(name: ServiceName, log: ServiceContext['log'], error: unknown): void {
  createLogger(name, 'error', log).error('it cannot go on', { error })
}

/** Parses the flags of a command line. Undefined: the usage is requested. Throws `INVALID_ARGUMENT`. */
export function parseFlags<Name extends ServiceName>(
  name: Name,
  args: readonly string[],
): Flags<Name> | undefined {
  const settings = flagsOf(name)
  const keys = new Map(['config', ...settings.map(([key]) => key)].map((key) => [kebab(key), key]))
  const switches = new Set(settings.filter(([, each]) => docOf(each).isSwitch).map(([key]) => key))
  const options = Object.fromEntries(
    [...keys].map(([flag, key]) => [
      flag,
      { type: switches.has(key) ? ('boolean' as const) : ('string' as const) },
    ]),
  )
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
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new DistError('INVALID_ARGUMENT', sanitize(message), { cause })
  }
}

function usage(name: ServiceName): string {
  const lines = flagsOf(name).map(([key, setting]) =>
    `  --${kebab(key)} ${docOf(setting).placeholder}`.trimEnd(),
  )
  return [
    `Usage: dist-${name} [options]`,
    '',
    '  --config <file>',
    ...lines,
    '',
    'All settings: docs/configuration.md',
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
