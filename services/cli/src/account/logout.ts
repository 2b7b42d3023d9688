import { DistError } from '@dist/errdefs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { type OutputOptions, withOutput } from '../options.js'
import { print, printJson } from '../output/print.js'
import { credentialFile, registryHost } from './host.js'

const examples = `
Erases the credentials where dist login stores them: in the configuration file, and with the credential helper that the
file names. Exit code 3: no credentials are stored for the registry.

Examples:
  $ dist logout registry.example.com
  $ dist logout --authfile ci.json localhost:5000`

export interface LogoutOptions extends OutputOptions {
  authfile?: string | undefined
}

export const logoutCommand: Define = (context, onExit) =>
  withOutput(new Command('logout'))
    .argument('[host]', 'a registry (default: docker.io)')
    .option('--authfile <file>', 'the file with the credentials, in the form of docker’s config.json')
    .addHelpText('after', examples)
    .action(async (host: string | undefined, options) => onExit(await logout(context, host, options)))

/** `dist logout`: erases the credentials of a registry. */
export async function logout(
  context: Context,
  text: string | undefined,
  { authfile, json }: LogoutOptions,
): Promise<number> {
  const host = registryHost(text)
  const file = await credentialFile(authfile, context.env)
  const { eraseCredential } = await import('@dist/registry-client')
  const place = await eraseCredential(file, host)
  if (place === undefined) throw new DistError('NOT_FOUND', `${host}: no credentials are stored in ${file}`)
  if (json) printJson(context, { host, file, helper: place.helper })
  else print(context, host)
  return exitCodes.done
}
