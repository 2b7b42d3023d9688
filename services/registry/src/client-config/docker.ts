import type { ClientConfig, ServerAddress } from './client-config.js'
import { hostOf, isLocal, isPlain, pathOf } from './parts.js'

/** `daemon.json`: docker asks mirrors for images of Docker Hub only, and does not name the registry. */
export function docker({ url, hosts, signIn, defaultRegistry }: ServerAddress): ClientConfig {
  const host = hostOf(url)
  // Docker speaks http with registries on loopback without being told.
  const insecure = isPlain(url) && !isLocal(url) ? { 'insecure-registries': [host] } : {}
  const mirrors = signIn ? {} : { 'registry-mirrors': [url] }
  const other = hosts
    .filter((each) => each !== 'docker.io')
    .map(pathOf)
    .find((each) => each !== undefined)
  return {
    content: `${JSON.stringify({ ...mirrors, ...insecure }, undefined, 2)}\n`,
    notes: [
      'merge this into /etc/docker/daemon.json, then: systemctl restart docker',
      ...(signIn
        ? ['docker does not sign in at mirrors: it pulls by path only', `sign in with: docker login ${host}`]
        : defaultRegistry === 'docker.io'
          ? ['docker asks the mirror for images of Docker Hub only']
          : ['the server needs --default-registry docker.io: docker does not tell mirrors the registry']),
      `other registries by path: docker pull ${host}/${other ?? 'docker.io'}/NAME:TAG`,
    ],
  }
}
