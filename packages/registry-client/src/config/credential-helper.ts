import { spawn } from 'node:child_process'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import type { Credential } from '../auth/credential.js'
import { passwordOrToken } from './docker-config.js'

/** Asks a credential helper for a server. Undefined: it has none. */
export type RunHelper = (name: string, server: string) => Promise<Credential | undefined>

const patience = 30_000
const maxOutput = 64 * 1024

/**
 * `docker-credential-<name> get`, the server on stdin, JSON on stdout (docker/docker-credential-helpers). Throws
 * `UNAUTHENTICATED` when it is not installed, fails or takes longer than 30 s. Its output is never repeated.
 */
export const runHelper: RunHelper = async (name, server) => {
  // The name becomes part of a program's: a path in it would run something else.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new DistError('INVALID_ARGUMENT', `"${sanitize(name, 60)}" is not the name of a credential helper`)
  const program = `docker-credential-${name}`
  const { code, output } = await run(program, server)
  if (code === 0) return credentialOf(output, program)
  // All helpers say it in these words, on stdout.
  if (output.includes('credentials not found')) return undefined
  throw new DistError('UNAUTHENTICATED', `${program} failed for ${sanitize(server, 100)} (exit ${code})`)
}

function run(program: string, input: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: patience })
    let output = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      if (output.length < maxOutput) output += text
    })
    // A helper that ends without reading its input is no fault of the pipe.
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
    throw new DistError('UNAUTHENTICATED', `${program} did not answer with JSON`)
  }
  const { Username, Secret } = isRecord(document) ? document : {}
  if (typeof Username !== 'string' || typeof Secret !== 'string' || Secret === '') return undefined
  return passwordOrToken(Username, Secret)
}
