import type { ClientConfig, ServerAddress } from './client-config.js'
import { hostOf, isPlain } from './parts.js'

/** `registries.yaml`, of which k3s and RKE2 make the configuration of their containerd. */
export function k3s({ url, hosts, signIn }: ServerAddress): ClientConfig {
  const mirrors = hosts.flatMap((host) => [`  "${host}":`, '    endpoint:', `      - "${url}"`])
  const head = ['configs:', `  "${hostOf(url)}":`]
  const auth = ['    auth:', '      username: USER', '      password: PASSWORD']
  const tls = ['    tls:', '      ca_file: /etc/rancher/k3s/ca.pem    # for an authority of your own']
  const configs = [
    ...(signIn ? [...head, ...auth] : []),
    ...(isPlain(url) ? [] : (signIn ? tls : [...head, ...tls]).map((line) => `# ${line}`)),
  ]
  return {
    content: `${['mirrors:', ...mirrors, ...configs].join('\n')}\n`,
    notes: [
      'write this to /etc/rancher/k3s/registries.yaml on each node, then: systemctl restart k3s (or k3s-agent)',
      'RKE2: /etc/rancher/rke2/registries.yaml',
      'what the server does not have is fetched from the registry itself',
      ...(signIn ? ['replace USER and PASSWORD, and let only root read the file'] : []),
    ],
  }
}
