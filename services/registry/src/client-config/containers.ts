import type { ClientConfig, ServerAddress } from './client-config.js'
import { hostOf, isPlain, pathOf } from './parts.js'

/** A file for `registries.conf.d`. It tells podman, and everything else with the library containers/image, of the mirror. */
export function podman(server: ServerAddress): ClientConfig {
  const host = hostOf(server.url)
  return {
    content: registriesConf(server),
    notes: [
      'write this to /etc/containers/registries.conf.d/50-dist.conf, or for one user to',
      '  ~/.config/containers/registries.conf.d/50-dist.conf; podman, buildah and skopeo read it',
      fallback,
      ...(server.signIn ? [`sign in with: podman login ${host}`] : []),
      `own authority: its certificate belongs into /etc/containers/certs.d/${host}/ca.crt`,
    ],
  }
}

/** The same file for CRI-O. */
export function crio(server: ServerAddress): ClientConfig {
  const host = hostOf(server.url)
  return {
    content: registriesConf(server),
    notes: [
      'write this to /etc/containers/registries.conf.d/50-dist.conf, then: systemctl reload crio',
      fallback,
      ...(server.signIn
        ? [`put the credentials of ${host} into the file of global_auth_file in /etc/crio/crio.conf`]
        : []),
      `own authority: its certificate belongs into /etc/containers/certs.d/${host}/ca.crt`,
    ],
  }
}

const fallback = 'what the server does not have is fetched from the registry itself'

function registriesConf({ url, hosts }: ServerAddress): string {
  return hosts.flatMap((host) => registry(url, host)).join('\n')
}

/** The mirror has the images of a registry below a path that begins with its host. Some hosts no path can name. */
function registry(url: string, host: string): string[] {
  const path = pathOf(host)
  if (path === undefined) return []
  const mirror = ['[[registry.mirror]]', `location = "${hostOf(url)}/${path}"`]
  const lines = [
    '[[registry]]',
    `location = "${host}"`,
    '',
    ...mirror,
    ...(isPlain(url) ? ['insecure = true'] : []),
  ]
  return [`${lines.join('\n')}\n`]
}
