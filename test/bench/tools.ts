import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What is to be copied, and where to. */
export interface Copy {
  /** `host:port/repository`. */
  readonly source: string
  readonly tags: readonly string[]
  readonly allPlatforms: boolean
  /** A folder, absent or with what an earlier run left there. */
  readonly target: string
}

export interface Tool {
  readonly name: string
  readonly version: string
  /** How it copies many images, for the reader. */
  readonly many: string
  /** The command line that copies all of it as a user in a hurry would. */
  command(copy: Copy): readonly string[]
}

export const program = fileURLToPath(new URL('../../services/cli/bin/dist.mjs', import.meta.url))

const references = ({ source, tags }: Copy) => tags.map((tag) => `${source}:${tag}`)

/** The tools that are installed, `dist` first. */
export function installedTools(): Tool[] {
  return [dist(), skopeo(), crane(), oras()].filter((tool) => tool !== undefined)
}

/** The names of the tools with which we compare ourselves first, and that are not installed. */
export function missingPeers(tools: readonly Tool[]): string[] {
  return ['crane', 'oras'].filter((name) => !tools.some((tool) => tool.name === name))
}

function dist(): Tool | undefined {
  if (!existsSync(program)) return undefined
  const version = versionOf(process.execPath, [program, '--version'])
  if (version === undefined) return undefined
  const command = (copy: Copy) => [
    ...[process.execPath, program, 'pull', '--store', copy.target],
    ...(copy.allPlatforms ? ['--all-platforms'] : []),
    ...references(copy),
  ]
  return { name: 'dist', version, many: 'dist pull REF...', command }
}

// skopeo copies one image per process. Of a loop, `skopeo sync` and xargs with 2, 4 and 8 processes into one folder
// of blobs, the last one with 4 was the fastest here or close to it, and none but the loop shares fewer blobs.
function skopeo(): Tool | undefined {
  const version = versionOf('skopeo', ['--version'])
  const copy = ['skopeo', 'copy', '-q', '--src-tls-verify=false']
  const one = ({ source, tags, allPlatforms, target }: Copy) => {
    return [
      ...copy,
      ...(allPlatforms ? ['--all'] : []),
      `docker://${source}:${tags[0]}`,
      `oci:${target}:${tags[0]}`,
    ]
  }
  const many = ({ source, tags, target }: Copy) => {
    const each = [
      ...copy,
      '--dest-shared-blob-dir',
      `${target}/blobs`,
      `docker://${source}:{}`,
      `oci:${target}/{}:{}`,
    ]
    const script = `mkdir -p ${target} && printf '%s\\n' ${tags.join(' ')} | xargs -P4 -I{} ${each.join(' ')}`
    return ['sh', '-c', script]
  }
  const how = 'skopeo copy --dest-shared-blob-dir, 4 processes by xargs -P4'
  return tool('skopeo', version, how, (c) => (c.tags.length === 1 ? one(c) : many(c)))
}

function crane(): Tool | undefined {
  const version = versionOf('crane', ['version'])
  return tool('crane', version, 'crane pull --format=oci REF...', (copy) => {
    return ['crane', 'pull', '--insecure', '--format=oci', ...references(copy), copy.target]
  })
}

function oras(): Tool | undefined {
  const version = versionOf('oras', ['version'])
  return tool('oras', version, 'oras backup', ({ source, tags, target }) => {
    if (tags.length > 1)
      return ['oras', 'backup', '--plain-http', '--output', target, `${source}:${tags.join(',')}`]
    const reference = `${source}:${tags[0]}`
    return [
      'oras',
      'cp',
      '--no-tty',
      '--from-plain-http',
      '--to-oci-layout',
      reference,
      `${target}:${tags[0]}`,
    ]
  })
}

function tool(
  name: string,
  version: string | undefined,
  many: string,
  command: Tool['command'],
): Tool | undefined {
  return version === undefined ? undefined : { name, version, many, command }
}

/** The version that the command prints, a development build's as it is; undefined where it cannot be run. */
function versionOf(command: string, args: readonly string[]): string | undefined {
  try {
    const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /\d+\.\d+[\w.+~-]*/.exec(output)?.[0] ?? output.trim().slice(0, 20)
  } catch {
    return undefined
  }
}
