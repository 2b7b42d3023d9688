import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { startRegistry } from '@dist/testkit'
import {
  allContent,
  type FixtureImage,
  fixtureBlob,
  indexImage,
  ociImage,
  singleImage,
} from '@dist/testkit/fixtures'
import { type Certificates, makeCertificates } from '@dist/testkit/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  containersFiles,
  copiedDigests,
  type Door,
  hostsFolder,
  printed,
  pullByContainerd,
} from '../support/clients.js'
import { startContainerd } from '../support/containerd.js'
import { startDocker } from '../support/docker.js'
import { startServe } from '../support/serve.js'
import { cosigned, cosignTag, fillStore, otherImage, signature } from '../support/served-store.js'
import { forFile, sharedGateway } from '../support/servers.js'
import { Workspace } from '../support/workspace.js'

const gateway = await sharedGateway()
const containerd = await forFile(startContainerd())
const user = { name: 'alice', password: 'testpassword' }
const hash = '$2y$05$distregistrytestsalt0uJwL55Bq.DtQ2bj.CkVcdldyHpmuvcLy'
let certificates: Certificates
const shared = new Workspace()
beforeAll(async () => {
  const folder = join(shared.root, 'tls')
  mkdirSync(folder)
  certificates = await makeCertificates(folder)
})
afterAll(() => shared.remove())

/** A chart, as helm pushes it. */
const chart: FixtureImage = chartImage()

function chartImage(): FixtureImage {
  const config = fixtureBlob('{"name":"app","version":"1.0.0"}', 'application/vnd.cncf.helm.config.v1+json')
  const layer = fixtureBlob('a chart', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')
  const image = ociImage({ layers: [] })
  const document = { ...JSON.parse(Buffer.from(image.content).toString()), config: config.descriptor }
  const content = fixtureBlob(JSON.stringify({ ...document, layers: [layer.descriptor] }), document.mediaType)
  return {
    descriptor: content.descriptor,
    content: Buffer.concat([...content.open()]),
    blobs: [config, layer],
    children: [],
  }
}

interface Way {
  readonly store: 'folder' | 'bucket'
  readonly args: readonly string[]
  readonly signed?: true
}

const ways: readonly (readonly [string, Way])[] = [
  ['a folder', { store: 'folder', args: [] }],
  [
    'a bucket with redirects, over TLS, with sign-in',
    { store: 'bucket', args: ['--redirect', '1KiB'], signed: true },
  ],
  ['a bucket without redirects', { store: 'bucket', args: ['--redirect', 'never'] }],
]

describe.each(ways)('of %s', (title, { store, args, signed }) => {
  const workspace = new Workspace()
  const env =
    store === 'bucket' ? { ...gateway.env, DIST_STORE: gateway.url(title.replaceAll(/\W/g, '')) } : {}
  let door: Door
  /** The host of the images, as their names have it. */
  let host = ''
  /** Where the images are at this server: `127.0.0.1:port/127.0.0.1_port`. */
  let place = ''
  beforeAll(async () => {
    host = (await fillStore(workspace, env)).replace('_', ':')
    await pullChart()
    const { certFile, keyFile, ca } = certificates
    const htpasswd = workspace.file('users', `${user.name}:${hash}\n`)
    const signIn = signed ? ['--tls-cert', certFile, '--tls-key', keyFile, '--htpasswd', htpasswd] : []
    const flags = ['--default-registry', 'docker.io', ...signIn]
    const serving = await startServe(workspace, [...args, ...flags], env)
    const credentials = signed && `${user.name}:${user.password}`
    door = { serving, flags, caFile: signed && ca.file, credentials }
    place = `${serving.host}/${host.replace(':', '_')}`
  }, 120_000)
  afterAll(() => workspace.remove())

  async function pullChart(): Promise<void> {
    await using registry = await startRegistry()
    registry.content.putImage('charts/app', '1.0.0', chart)
    const from = `${registry.host}/charts/app:1.0.0`
    for (const command of [
      ['pull', from],
      ['tag', from, `${host}/charts/app:1.0.0`],
      ['tag', `${host}/app:2`, 'docker.io/team/app:2'],
    ])
      expect(await workspace.dist(command, { env })).toMatchObject({ code: 0 })
  }

  it('containerd pulls an index as from a mirror, and by path', async () => {
    const hosts = await hostsFolder(workspace, door)
    await pullByContainerd(containerd, hosts, `${host}/app:1`, indexImage)
    await pullByContainerd(containerd, hosts, `${host}/app@${singleImage.descriptor.digest}`, singleImage)
    await pullByContainerd(containerd, hosts, `${place}/other:1`, otherImage)
  })

  it('podman pulls as from a mirror', async () => {
    const files = await containersFiles(workspace, door)
    const folders = `--root ${workspace.root}/podman --runroot ${workspace.root}/podman-run`
    const podman = `podman ${folders} --storage-driver vfs`
    const policy = workspace.file('policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}')
    const name = `${host}/app:2`
    const script = `${podman} pull -q ${files.args} --signature-policy ${policy} ${name} && ${podman} inspect --format '{{.Digest}}' ${name}`
    const { code, stdout, stderr } = await workspace.shell(script, { env: files.env })
    expect(code, stderr).toBe(0)
    expect(stdout.trim().split('\n').at(-1)).toBe(singleImage.descriptor.digest)
  })

  it('docker pulls by path, and without sign-in as from a mirror of Docker Hub', async () => {
    const { DOCKER_CONFIG: client = '' } = await dockerConfig()
    await using daemon = await startDocker(await printed(workspace, 'docker', door), client)
    const pulled = `Digest: ${singleImage.descriptor.digest}\n`
    expect(await daemon.docker('pull', `${place}/app:2`)).toContain(pulled)
    // Docker has no credentials for mirrors.
    if (!signed) expect(await daemon.docker('pull', 'team/app:2')).toContain(pulled)
  })

  it('skopeo copies images, charts and signatures byte for byte', async () => {
    const files = await containersFiles(workspace, door)
    const flags =
      files.args === '' ? '--src-tls-verify=false' : files.args.replace('--cert-dir', '--src-cert-dir')
    const copy = async (source: string, image: FixtureImage) => {
      const to = join(workspace.root, `copy-${image.descriptor.digest.slice(7, 19)}`)
      const script = `skopeo --insecure-policy copy -q --all ${flags} docker://${source} dir:${to}`
      const { code, stderr } = await workspace.shell(script, { env: files.env })
      expect(code, stderr).toBe(0)
      expect(readFileSync(join(to, 'manifest.json')).equals(Buffer.from(image.content)), source).toBe(true)
      // Manifests of an index are in files of another name.
      const blobs = allContent(image).filter(({ descriptor }) => !/manifest|index/.test(descriptor.mediaType))
      expect(copiedDigests(to)).toEqual(blobs.map(({ descriptor }) => descriptor.digest.slice(7)).sort())
    }
    await copy(`${place}/app:1`, indexImage)
    await copy(`${place}/charts/app:1.0.0`, chart)
    await copy(`${place}/app@${signature.descriptor.digest}`, signature)
    await copy(`${place}/app:${cosignTag}`, cosigned)
  })

  it('crane and oras, where they are installed, read manifests, blobs and referrers', async () => {
    const { caFile, credentials = ':' } = door
    const [name, password] = credentials.split(':')
    const env = { SSL_CERT_FILE: caFile ?? '', ...(await dockerConfig()) }
    const run = async (script: string) => {
      const { code, stdout, stderr, bytes } = await workspace.shell(script, { env })
      expect(code, stderr).toBe(0)
      return { stdout, bytes }
    }
    if (isInstalled('crane')) {
      const insecure = caFile === undefined ? '--insecure' : ''
      const manifest = await run(`crane ${insecure} manifest ${place}/app:1`)
      expect(manifest.bytes.equals(Buffer.from(indexImage.content))).toBe(true)
      const tar = await run(
        `crane ${insecure} pull --platform linux/amd64 ${place}/app:1 crane.tar && tar tf crane.tar`,
      )
      expect(tar.stdout).toContain('manifest.json')
    }
    if (isInstalled('oras')) {
      const plain = caFile === undefined ? '--plain-http' : `--ca-file ${caFile}`
      const signIn = signed ? `-u ${name} -p ${password}` : ''
      const found = await run(`oras discover ${plain} ${signIn} --format json ${place}/app:1`)
      expect(found.stdout).toContain(signature.descriptor.digest)
      await run(`oras pull ${plain} ${signIn} -o oras ${place}/charts/app:1.0.0`)
    }
  })

  /** docker's configuration, which crane reads. */
  async function dockerConfig(): Promise<Record<string, string>> {
    const { env: files } = await containersFiles(workspace, door)
    const config = readFileSync(files.REGISTRY_AUTH_FILE ?? '', 'utf8')
    const folder = join(workspace.root, 'docker-config')
    mkdirSync(folder, { recursive: true })
    workspace.file('docker-config/config.json', config)
    return { DOCKER_CONFIG: folder }
  }
})

function isInstalled(command: string): boolean {
  const found = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)))
  if (!found) console.log(`${command} is not installed: nothing is read with it`)
  return found
}
