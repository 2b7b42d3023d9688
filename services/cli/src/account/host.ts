import { DistError, sanitize } from '@dist/errdefs'
import { parsePrefix } from '@dist/reference'
import type { Context } from '../context.js'

const dockerHub = ['index.docker.io', 'registry-1.docker.io']

/**
 * The registry that the user names; default: `docker.io`. A scheme and the paths `/v1/` and `/v2/` are accepted, as other
 * tools print them. Throws `INVALID_ARGUMENT` for what is not a host.
 */
export function registryHost(text = 'docker.io'): string {
  const plain = text.replace(/^https?:\/\//, '').replace(/(?:\/v[12])?\/?$/, '')
  const { host, repository } = parsePrefix(plain)
  if (repository !== '')
    throw new DistError(
      'INVALID_ARGUMENT',
      `${sanitize(text)}: a login is for a whole registry: give its host alone`,
    )
  return dockerHub.includes(host) ? 'docker.io' : host
}

/** The file that holds credentials: `--authfile`, else the first file that the other commands read. */
export async function credentialFile(authfile: string | undefined, env: Context['env']): Promise<string> {
  const { credentialFiles } = await import('@dist/settings/command')
  const [file = ''] = credentialFiles({ authfile }, env)
  return file
}
