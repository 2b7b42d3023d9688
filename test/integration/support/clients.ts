import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import { expect } from 'vitest'
import type { Containerd } from './containerd.js'
import type { Serving } from './serve.js'
import type { Workspace } from './workspace.js'

/** How clients reach a `dist serve`. */
export interface Door {
  readonly serving: Serving
  /** The flags that say who may read, for `--print-config`. */
  readonly flags: readonly string[]
  /** The certificate of the authority, with TLS. */
  readonly caFile?: string | undefined
  /** `user:password`, with sign-in. */
  readonly credentials?: string | undefined
}

const encoded = (credentials: string) => Buffer.from(credentials).toString('base64')

/** The file of a client, as `dist serve --print-config` prints it. */
export async function printed(
  workspace: Workspace,
  client: string,
  { serving, flags }: Door,
): Promise<string> {
  const args = ['serve', '--print-config', client, '--listen', serving.host, ...flags]
  const { code, stdout, stderr } = await workspace.dist(args, { env: serving.env })
  expect(code, stderr).toBe(0)
  expect(stderr).toContain('/etc/')
  return stdout
}

/** A folder for `--hosts-dir` of containerd: what is printed, with what a user fills in. */
export async function hostsFolder(workspace: Workspace, door: Door): Promise<string> {
  const { caFile, credentials } = door
  let text = await printed(workspace, 'containerd', door)
  if (caFile !== undefined) text = text.replace(/# ca = "[^"]*"/, `ca = "${caFile}"`)
  if (credentials !== undefined) text = text.replace(/Basic [\w=]+/, `Basic ${encoded(credentials)}`)
  const folder = join(workspace.root, `hosts-${door.serving.host}`, '_default')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'hosts.toml'), text)
  return join(folder, '..')
}

/** Pulls with containerd, unpacks, and checks that all content has come byte for byte. */
export async function pullByContainerd(
  containerd: Containerd,
  hosts: string,
  name: string,
  image: FixtureImage,
): Promise<void> {
  await containerd.ctr('images', 'pull', '--hosts-dir', hosts, '--all-platforms', name)
  for (const { descriptor, open } of allContent(image)) {
    const content = await containerd.ctr('content', 'get', descriptor.digest)
    expect(content.equals(Buffer.concat([...open()])), descriptor.digest).toBe(true)
  }
  await containerd.ctr('images', 'rm', '--sync', name)
}

/** What podman, skopeo and their like read: the printed file, credentials and a folder of certificates. */
export async function containersFiles(
  workspace: Workspace,
  door: Door,
): Promise<{ env: Record<string, string>; args: string }> {
  const { serving, caFile, credentials } = door
  const folder = join(workspace.root, `containers-${serving.host}`)
  mkdirSync(folder, { recursive: true })
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const conf = file('registries.conf', await printed(workspace, 'podman', door))
  const auths = credentials === undefined ? {} : { [serving.host]: { auth: encoded(credentials) } }
  const authfile = file('auth.json', JSON.stringify({ auths }))
  if (caFile !== undefined) file('ca.crt', readFileSync(caFile, 'utf8'))
  const env = { CONTAINERS_REGISTRIES_CONF: conf, REGISTRY_AUTH_FILE: authfile }
  return { env, args: caFile === undefined ? '' : `--cert-dir ${folder}` }
}

/** The digests of the blobs in a folder of `skopeo copy`, as hexadecimal numbers, sorted. */
export function copiedDigests(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .sort()
}
