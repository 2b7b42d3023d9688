import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** An OCI layout with one image, called `root`, of one gzip layer with files of this machine's installed packages. */
export interface InstalledLayout {
  readonly folder: string
  /** The layer's file, gzip. */
  readonly layer: string
  readonly files: number
  /** Bytes of the files. */
  readonly bytes: number
}

const folders = ['/usr/share', '/usr/lib']
/** Larger ones are left out: few of them would be most of the bytes. */
const largest = 512 * 1024

/** Makes it of as many files, in the order of their paths, as come to the size that is asked for. */
export async function installedLayout(folder: string, bytes: number): Promise<InstalledLayout> {
  const blobs = join(folder, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const paths: string[] = []
  let taken = 0
  for (const [i, each] of folders.entries())
    taken += take(each, (bytes * (i + 1)) / folders.length - taken, paths)
  const list = join(folder, 'list')
  writeFileSync(list, paths.join('\0'))
  const tar = join(folder, 'layer.tar')
  const options = ['--no-recursion', '--hard-dereference', '--numeric-owner', '--null', '-T', list]
  execFileSync('tar', ['-cf', tar, '-C', '/', ...options], { stdio: ['ignore', 'ignore', 'pipe'] })
  const diffID = await digestOfFile(tar)
  execFileSync('gzip', ['-6', tar])
  const layer = await moved(`${tar}.gz`, blobs)
  const config = {
    os: 'linux',
    architecture: 'amd64',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [diffID] },
  }
  const configFile = put(blobs, config)
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configFile },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...layer }],
  }
  const root = {
    mediaType: manifest.mediaType,
    ...put(blobs, manifest),
    annotations: { 'org.opencontainers.image.ref.name': 'root' },
  }
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [root] }))
  return { folder, layer: join(blobs, layer.digest.slice(7)), files: paths.length, bytes: taken }
}

/** Adds paths below a folder, relative to the root, until they come to so many bytes; returns how many they are. */
function take(folder: string, bytes: number, paths: string[]): number {
  const format = [
    '-xdev',
    '(',
    '-type',
    'f',
    '-o',
    '-type',
    'l',
    '-o',
    '-type',
    'd',
    ')',
    '-printf',
    '%y %s %P\\0',
  ]
  const output = execFileSync('find', [folder, ...format], { maxBuffer: 1 << 28, encoding: 'utf8' })
  const entries = output.split('\0').filter((entry) => entry.length > 4)
  const byPath = entries.map((entry) => /^(.) (\d+) (.*)$/s.exec(entry)).filter((match) => match !== null)
  byPath.sort(([, , , a = ''], [, , , b = '']) => (a < b ? -1 : 1))
  let sum = 0
  for (const [, type, size, path = ''] of byPath) {
    if (sum >= bytes) break
    if (type === 'f' && Number(size) > largest) continue
    if (type === 'f') sum += Number(size)
    paths.push(`${folder.slice(1)}/${path}`)
  }
  return sum
}

function put(blobs: string, document: object): { digest: string; size: number } {
  const content = JSON.stringify(document)
  const hex = createHash('sha256').update(content).digest('hex')
  writeFileSync(join(blobs, hex), content)
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) }
}

async function moved(file: string, blobs: string): Promise<{ digest: string; size: number }> {
  const digest = await digestOfFile(file)
  renameSync(file, join(blobs, digest.slice(7)))
  return { digest, size: statSync(join(blobs, digest.slice(7))).size }
}

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}
