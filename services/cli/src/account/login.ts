import { createInterface } from 'node:readline/promises'
import { DistError, throwIfAborted } from '@dist/errdefs'
import type { StoredCredential } from '@dist/registry-client'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { readStdin } from '../input/stdin.js'
import { openRegistry } from '../open/registry.js'
import { type RemoteOptions, withHost, withOutput } from '../options.js'
import { note, print, printJson } from '../output/print.js'
import { credentialFile, registryHost } from './host.js'

const examples = `
The registry checks the credentials before they are stored. They are stored as docker does, so that docker, podman and
dist share them: in $DOCKER_CONFIG/config.json or ~/.docker/config.json, or with the credential helper that the file names
(credsStore, credHelpers). On a terminal, the name and the password are asked for. Exit code 4: the registry refuses them.

Examples:
  $ dist login registry.example.com
  $ dist login --username ada --password-stdin registry.example.com < password.txt
  $ pass show registry | dist login -u ada --password-stdin localhost:5000`

export interface LoginOptions extends RemoteOptions {
  username?: string | undefined
  passwordStdin?: boolean | undefined
}

export const loginCommand: Define = (context, onExit) =>
  withHost(withOutput(new Command('login')))
    .argument('[host]', 'a registry (default: docker.io)')
    .option('-u, --username <name>', 'the user (default: asked for on a terminal)')
    .option('--password-stdin', 'read the password from stdin')
    .addHelpText('after', examples)
    .action(async (host: string | undefined, options) => onExit(await login(context, host, options)))

/** `dist login`: stores credentials that the registry has accepted. */
export async function login(
  context: Context,
  text: string | undefined,
  options: LoginOptions,
): Promise<number> {
  const host = registryHost(text)
  const credential = await readCredential(context, options)
  await checkCredential(context, host, credential, options)
  const { storeCredential } = await import('@dist/registry-client')
  const { file, helper } = await storeCredential(
    await credentialFile(options.authfile, context.env),
    host,
    credential,
  )
  const { username } = credential
  if (options.json) printJson(context, { host, username, file, helper })
  else print(context, `${host} ${username}`)
  if (helper === undefined)
    note(context, `${file}: the password is stored unencrypted; a credential helper (credsStore) avoids that`)
  return exitCodes.done
}

async function readCredential(
  context: Context,
  { username: given, passwordStdin }: LoginOptions,
): Promise<StoredCredential> {
  if (passwordStdin && given === undefined)
    throw new DistError('INVALID_ARGUMENT', '--password-stdin needs --username')
  if (!passwordStdin && !context.stdin.isTTY)
    throw new DistError('INVALID_ARGUMENT', 'stdin is not a terminal: give --username and --password-stdin')
  const username = given ?? (await askUsername(context))
  if (username === '' || username.includes(':'))
    throw new DistError('INVALID_ARGUMENT', 'the user name is empty or contains a colon')
  const password = passwordStdin ? await readPassword(context) : await askPassword(context)
  if (password === '') throw new DistError('INVALID_ARGUMENT', 'the password is empty')
  return { username, password }
}

/** The file need not exist yet, and what it holds for the host must not be used. */
async function checkCredential(
  context: Context,
  host: string,
  { username, password }: StoredCredential,
  { authfile: _, ...options }: LoginOptions,
): Promise<void> {
  const credentials = async () => ({ kind: 'password' as const, username, password })
  // They are for this host, not for the place that a registries.conf has for its repositories.
  const env = { ...context.env, DIST_REGISTRIES_CONF: undefined }
  await using registry = await openRegistry({ ...options, credentials }, { ...context, env })
  await registry.ping({ host, repository: '' }, { signal: context.signal })
}

/** Reads a password from stdin, without the line's end. Throws `INVALID_ARGUMENT` for an empty one. */
export async function readPassword(context: Context): Promise<string> {
  const password = (await readStdin(context)).replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new DistError('INVALID_ARGUMENT', 'the password on stdin is empty')
}

/** Asks for the user's name on the terminal. */
export async function askUsername({ stdin, stderr, signal }: Context): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return (await lines.question('Username: ', { signal })).trim()
  } finally {
    lines.close()
  }
}

const keys = { interrupt: '\x03', endOfInput: '\x04', backspace: ['\x7f', '\b'], enter: ['\r', '\n'] }

/** Asks for the password on the terminal, without echo. Ctrl-C interrupts as everywhere else. */
export async function askPassword(
  { stdin, stderr, signal }: Context,
  question = 'Password: ',
): Promise<string> {
  throwIfAborted(signal)
  stderr.write(question)
  stdin.setRawMode(true)
  try {
    return await typedLine(stdin)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

function typedLine(stdin: Context['stdin']): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = ''
    const settle = (end: () => void) => {
      stdin.off('data', onData)
      end()
    }
    const onData = (chunk: Buffer | string) => {
      for (const key of String(chunk)) {
        if (keys.enter.includes(key) || key === keys.endOfInput) return settle(() => resolve(typed))
        if (key === keys.interrupt) {
          // In raw mode the terminal sends no signal.
          process.kill(process.pid, 'SIGINT')
          return settle(() => reject(new DistError('CANCELED', 'interrupted')))
        }
        typed = keys.backspace.includes(key) ? [...typed].slice(0, -1).join('') : typed + key
      }
    }
    stdin.on('data', onData)
    stdin.resume()
  })
}
