import { Ajv2020 } from 'ajv/dist/2020.js'

interface Operation {
  readonly operationId: string
  readonly description: string
  readonly parameters: readonly { readonly name: string; readonly in: 'path' | 'query' | 'header' }[]
  readonly requestBody?: object
  readonly responses: Readonly<Record<string, Described>>
}

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>
}

interface Document {
  readonly servers: readonly [{ readonly url: string }]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look at members of any answer.
  readonly body: any
}

export interface Asked {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** One operation of a document. */
export interface KnownOperation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly scope: string
  readonly names: readonly string[]
}

/** A client that knows of the API what its document says. It checks each answer with the schema that the document has for it. */
export class ApiClient {
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false })
  /** The operations that were answered with success. */
  readonly succeeded = new Set<string>()

  private constructor(
    private readonly url: string,
    private readonly document: Document,
    private readonly token: string | undefined,
  ) {
    this.#ajv.addSchema(document, 'openapi')
  }

  static async open(url: string, token?: string): Promise<ApiClient> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`${url}/api/v1/openapi.json`, { headers })
    return new ApiClient(url, (await response.json()) as Document, token)
  }

  get operations(): KnownOperation[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId: id, description, parameters }]) => {
        const scope = /`(\w+)`/.exec(description)?.[1] ?? ''
        const names = parameters.filter((each) => each.in === 'path').map(({ name }) => name)
        return { id, method: method.toUpperCase(), path, scope, names }
      }),
    )
  }

  /** Calls an operation by its id. Throws for an answer that the document does not describe. */
  async call(id: string, asked: Asked = {}): Promise<ApiAnswer> {
    const response = await this.send(id, asked)
    const text = await response.text()
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    this.#check(id, response, body)
    return { status: response.status, headers: response.headers, body }
  }

  /** The answer of an operation, which is not checked. */
  send(id: string, { params = {}, query = {}, body, headers = {} }: Asked = {}): Promise<Response> {
    const { method, path } = this.#find(id)
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? name))
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) search.set(name, String(value))
    return fetch(`${this.url}${this.document.servers[0].url}${filled}?${search}`, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
  }

  #find(id: string): { method: string; path: string; operation: Operation } {
    for (const [path, methods] of Object.entries(this.document.paths))
      for (const [method, operation] of Object.entries(methods))
        if (operation.operationId === id) return { method: method.toUpperCase(), path, operation }
    throw new Error(`the document has no operation ${id}`)
  }

  #check(id: string, { status, ok, headers }: Response, body: unknown): void {
    const { responses } = this.#find(id).operation
    const described = responses[status] ?? (ok ? undefined : responses.default)
    if (described === undefined) throw new Error(`${id}: the document does not describe the status ${status}`)
    const [type, content] = Object.entries(described.content ?? {})[0] ?? []
    if (content !== undefined) {
      if (!headers.get('content-type')?.startsWith(type ?? ''))
        throw new Error(`${id}: ${headers.get('content-type')} instead of ${type}`)
      const validate = this.#ajv.compile({ $ref: `openapi${content.schema.$ref}` })
      if (!validate(body))
        throw new Error(`${id}: ${this.#ajv.errorsText(validate.errors)}: ${JSON.stringify(body)}`)
    } else if (body !== undefined) throw new Error(`${id}: the document describes no answer`)
    if (ok) this.succeeded.add(id)
  }
}
