import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '@dist/testkit/servers'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A socket that tells the address of the S3 gateway, which starts with the first question. */
    gatewayHost: string
  }
}

/** Bytes. It keeps what all files have written. */
const capacity = 16 * 2 ** 30

/** Once in a run of a project's tests: has one S3 gateway for all processes, as far as one of them needs it. */
export default function hostGateway(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dist-gateway-'))
  let gateway: ReturnType<typeof startGateway> | undefined
  const host = createServer(async (socket) => {
    gateway ??= startGateway({ capacity })
    const answer = await gateway.then(
      ({ endpoint }) => ({ endpoint }),
      (error: unknown) => ({ error: String(error) }),
    )
    socket.on('error', () => {})
    socket.end(JSON.stringify(answer))
  })
  const path = join(folder, 'socket')
  host.listen(path)
  project.provide('gatewayHost', path)
  return async () => {
    host.close()
    await gateway?.then(({ stop }) => stop()).catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
}
