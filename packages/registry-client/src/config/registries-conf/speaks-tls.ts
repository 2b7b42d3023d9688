import { connect } from 'node:tls'
import { errnoOf } from '@dist/errdefs'
import { isPlain } from '../../http/errors.js'

const timeoutMs = 5_000

/**
 * Whether a server, `host[:port]` with port 443 by default, answers TLS with any certificate. False for plain http, and for a host
 * without a port whose port 443 is closed. True where it cannot be found out: the requests that follow report why.
 */
export function speaksTls(host: string): Promise<boolean> {
  const { hostname, port } = new URL(`https://${host}`)
  const name = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const socket = connect({ host: name, port: Number(port || 443), rejectUnauthorized: false })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => end(true))
    socket.on('secureConnect', () => end(true))
    socket.on('error', (error) => {
      const code = errnoOf(error) ?? ''
      end(!(isPlain(code, error) || (port === '' && code === 'ECONNREFUSED')))
    })
  })
}
