import type { ClientConfig, ServerAddress } from './client-config.js'
import { isPlain } from './parts.js'

/** `hosts.toml`: containerd names the registry in the query (`?ns=docker.io`), so that one file is for all of them. */
export function containerd({ url, signIn }: ServerAddress): ClientConfig {
  const lines = [`[host."${url}"]`, '  capabilities = ["pull", "resolve"]']
  if (!isPlain(url))
    lines.push('  # ca = "/etc/containerd/certs.d/ca.pem"    # for a certificate of an authority of your own')
  if (signIn)
    lines.push(
      `  [host."${url}".header]`,
      '    # printf %s USER:PASSWORD | base64 -w0',
      '    authorization = ["Basic VVNFUjpQQVNTV09SRA=="]',
    )
  return {
    content: `${lines.join('\n')}\n`,
    notes: [
      'write this to /etc/containerd/certs.d/_default/hosts.toml: it is for all registries',
      'for one registry alone: /etc/containerd/certs.d/docker.io/hosts.toml',
      'what the server does not have, containerd fetches from the registry itself',
      'Kubernetes: /etc/containerd/config.toml needs config_path = "/etc/containerd/certs.d" in',
      '  [plugins."io.containerd.grpc.v1.cri".registry]     (containerd 1.x)',
      '  [plugins."io.containerd.cri.v1.images".registry]   (containerd 2.x)',
      'try it: ctr images pull --hosts-dir /etc/containerd/certs.d docker.io/library/alpine:latest',
      ...(signIn ? ['replace the value of authorization, and let only root read the file'] : []),
    ],
  }
}
