import type { OutgoingHttpHeaders } from 'node:http'
import { type Deliver, errorReply, reply, writeHead } from './reply.js'
import type { Fault } from './script.js'

/** Answers with a status. Without a body, one as registries send it. */
export function status(code: number, headers: OutgoingHttpHeaders = {}, body?: Uint8Array | string): Fault {
  return () =>
    body === undefined ? errorReply(code, 'SCRIPTED', 'scripted fault', headers) : reply(code, headers, body)
}

export function redirect(location: string, code = 307): Fault {
  return () => reply(code, { location })
}

/** The proper answer with other headers; undefined takes one away. */
export function withHeaders(headers: OutgoingHttpHeaders): Fault {
  return async (_request, proper) => {
    const message = await proper()
    return { ...message, headers: { ...message.headers, ...headers } }
  }
}

/** The proper answer with another body, and the Content-Length of that. */
export function withBody(change: (body: Uint8Array) => Uint8Array): Fault {
  return async (_request, proper) => {
    const message = await proper()
    const body = change(message.body)
    return { ...message, body, headers: { ...message.headers, 'content-length': body.byteLength } }
  }
}

/** One bit of the body is another. */
export function flippedByte(at = 0): Fault {
  return withBody((body) => {
    const copy = Buffer.from(body)
    if (at < copy.byteLength) copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  })
}

/** The whole content with 200, whatever range was asked for. */
export function ignoredRange(): Fault {
  return async (request, proper) => {
    const { range: _ignored, ...headers } = request.headers
    return proper({ ...request, headers })
  }
}

/** Takes the request and never answers. */
export function stalledHeaders(): Fault {
  return delivered(() => {})
}

/** Sends so much of the body, then nothing more. */
export function stalledBody(bytes: number): Fault {
  return delivered((response, message) => {
    writeHead(response, message)
    response.write(message.body.subarray(0, bytes))
  })
}

/** Sends so much of the body, then closes the connection. */
export function cutBody(bytes: number): Fault {
  return delivered((response, message) => {
    writeHead(response, message)
    response.write(message.body.subarray(0, bytes), () => response.destroy())
  })
}

/** Closes the connection without an answer. */
export function closed(): Fault {
  return delivered((response) => response.destroy())
}

/** Sends so much of the body and ends it properly, announcing no length. */
export function shortenedBody(bytes: number): Fault {
  return delivered((response, message) => {
    writeHead(response, { ...message, headers: { ...message.headers, 'content-length': undefined } })
    response.end(message.body.subarray(0, bytes))
  })
}

/** Goes on after the body with zeros, without an announced length, until the client has had enough. */
export function endlessBody(): Fault {
  const zeros = Buffer.alloc(64 * 1024)
  return delivered((response, message) => {
    writeHead(response, { ...message, headers: { ...message.headers, 'content-length': undefined } })
    response.write(message.body)
    const more = () => {
      while (!response.destroyed && response.write(zeros)) {}
    }
    response.on('drain', more)
    more()
  })
}

/** Sends the body in pieces of so many bytes, one every so many milliseconds. */
export function drippingBody(bytes: number, interval: number): Fault {
  return delivered((response, message) => {
    writeHead(response, message)
    let sent = 0
    const timer = setInterval(() => {
      response.write(message.body.subarray(sent, sent + bytes))
      sent += bytes
      if (sent >= message.body.byteLength) response.end()
    }, interval)
    response.on('close', () => clearInterval(timer))
  })
}

/** Sends these bytes on the socket instead of an answer. */
export function rawAnswer(text: string): Fault {
  return delivered((response) => response.socket?.end(text))
}

/** The proper answer, put on the wire in this way. */
export function delivered(deliver: Deliver): Fault {
  return async (_request, proper) => ({ ...(await proper()), deliver })
}
