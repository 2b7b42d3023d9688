import { spawn } from 'node:child_process'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import type { Credential } from '../auth/credential.js'
import { passwordOrToken } from './docker-config.js'

/** Requests the credential for a server from a credential helper. Undefined: it has none. */
export type RunHelper = (name: string, server: string) => Promise<Credential | undefined>

const timeoutMs = 30_000
// Characters.
const maxOutput = 64 * 1024

/**
 * Runs `docker-credential-<name> get`: server on stdin, JSON on stdout (docker/docker-credential-helpers). Throws
 * `UNAUTHENTICATED` if it is not installed, fails, or takes longer than 30 s. Errors never contain its output.
 */
export const runHelper: RunHelper = async (name, server) => {
  // The name becomes part of a program name: a path in it could run another program.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new DistError('INVALID_ARGUMENT', `"${sanitize(name, 60)}" is not the name of a credential helper`)
  const program = `docker-credential-${name}`
  const { code, output } = await run(program, server)
  if (code === 0) return credentialOf(output, program)
  // All helpers print these words on stdout.
  if (output.includes('credentials not found')) return undefined
  throw new DistError('UNAUTHENTICATED', `${program} failed for ${sanitize(server, 100)} (exit ${code})`)
}

function run(program: string, input: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: timeoutMs })
    let output = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      if (output.length < maxOutput) output += text
    })
    // A helper may end without reading its input.
    child.stdin.on('error', () => {})
    child.on('error', (cause) => {
      const why =
        errnoOf(cause) === 'ENOENT' ? 'is not installed, but the configuration asks for it' : 'cannot be run'
      reject(new DistError('UNAUTHENTICATED', `${program} ${why}`, { cause }))
    })
    child.on('close', (code) => resolve({ code, output }))
    child.stdin.end(`${input}\n`)
  })
}

function credentialOf(output: string, program: string): Credential | undefined {
  let document: unknown
  try {
    document = JSON.parse(output)
  } catch {
    throw new DistError('UNAUTHENTICATED', `${program}: output is not JSON`)
  }
  const { Username, Secret } = isRecord(document) ? document : {}
  if (typeof Username !== 'string' || typeof Secret !== 'string' || Secret === '') return undefined
  return passwordOrToken(Username, Secret)
}
