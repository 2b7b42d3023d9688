import {
  HeadObjectCommand,
  type S3Client,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { getHostHeaderPlugin } from '@aws-sdk/core/client'
import { AwsSdkSigV4Signer } from '@aws-sdk/core/httpAuthSchemes'
import { constructStack } from '@smithy/core/client'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import { getContentLengthPlugin } from '@smithy/core/protocols'
import { getSchemaSerdePlugin } from '@smithy/core/schema'
import {
  type AuthScheme,
  type EndpointV2,
  type FinalizeRequestMiddleware,
  type Handler,
  type HandlerExecutionContext,
  type MetadataBearer,
  SMITHY_CONTEXT_KEY,
} from '@smithy/types'
import { setPayloadHash } from './payload-hash.js'
import { type Requests, type S3Command, SdkRequests, type Sending } from './requests.js'

/** What the steps of the stack pass on, from the command to the request. */
interface Args {
  readonly input: object
  readonly sending: Sending
}

/** The steps for one kind of command. */
type Send = Handler<object, MetadataBearer>
type Stack = ReturnType<typeof constructStack<object, MetadataBearer>>

/**
 * Sends requests with few of the SDK's steps: write the request, sign it, send it, read the answer. They take half of the
 * processor time of all steps, or less. The endpoint is resolved once. The client gives everything else: credentials and
 * their renewal, region, connections, proxies, and the correction of the clock. A bucket whose endpoint needs another
 * signature than version 4 (directory buckets) is served with all steps.
 */
export class FastRequests implements Requests {
  readonly #complete: Requests
  readonly #sends = new Map<unknown, Send>()
  #endpoint: Promise<EndpointV2> | undefined
  #stack: Stack | undefined

  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {
    this.#complete = new SdkRequests(client)
  }

  async send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: S3Command<Input, Output>,
    sending: Sending,
  ): Promise<Output> {
    const endpoint = await this.#resolve()
    const scheme = plainScheme(endpoint)
    if (scheme === undefined) return this.#complete.send(command, sending)
    const { schema } = command as { schema?: unknown }
    let send = this.#sends.get(schema)
    if (send === undefined) {
      this.#stack ??= await this.#stackFor(scheme)
      send = this.#stack.resolve(this.#handle, contextOf(endpoint, schema)) as Send
      this.#sends.set(schema, send)
    }
    const args: Args = { input: command.input, sending }
    const { output } = await send(args)
    return output as Output
  }

  /** The endpoint of the bucket. A failure is not kept. */
  #resolve(): Promise<EndpointV2> {
    this.#endpoint ??= getEndpointFromInstructions({ Bucket: this.bucket }, HeadObjectCommand, {
      ...this.client.config,
    }).catch((error: unknown) => {
      this.#endpoint = undefined
      throw error
    })
    return this.#endpoint
  }

  async #stackFor(scheme: AuthScheme): Promise<Stack> {
    const { config } = this.client
    const stack = constructStack<object, MetadataBearer>()
    stack.use(getSchemaSerdePlugin(config))
    stack.use(getContentLengthPlugin(config))
    stack.use(getHostHeaderPlugin(config))
    stack.add(await signing(config, scheme), { step: 'finalizeRequest', name: 'signing' })
    return stack
  }

  #handle = async (args: object) => {
    const { request, sending } = args as Args & { request: never }
    return this.client.config.requestHandler.handle(request, { abortSignal: sending.abortSignal }) as never
  }
}

/** The signature of an endpoint if it is version 4 and nothing else is needed. */
export function plainScheme({ properties, headers }: EndpointV2): AuthScheme | undefined {
  const [scheme] = (properties?.authSchemes ?? []) as readonly AuthScheme[]
  return scheme?.name === 'sigv4' && Object.keys(headers ?? {}).length === 0 ? scheme : undefined
}

function contextOf(endpointV2: EndpointV2, operationSchema: unknown): HandlerExecutionContext {
  return { endpointV2, [SMITHY_CONTEXT_KEY]: { operationSchema } } as HandlerExecutionContext
}

/** Signs requests, and keeps the clock of the server, as the step of the SDK. That one makes a signer for each request. */
async function signing(
  config: S3Client['config'],
  scheme: AuthScheme,
): Promise<FinalizeRequestMiddleware<object, MetadataBearer>> {
  const signer = await config.signer(scheme)
  const clocked = {
    signer: async () => signer,
    disableClockSkewCorrection: config.disableClockSkewCorrection,
    get systemClockOffset() {
      return config.systemClockOffset
    },
    set systemClockOffset(offset) {
      config.systemClockOffset = offset
    },
  }
  const auth = new AwsSdkSigV4Signer()
  const { signingRegion, signingName } = scheme
  return (next) => async (args) => {
    const { payloadHash } = (args as unknown as Args).sending
    if (payloadHash !== undefined) setPayloadHash(args.request, payloadHash)
    const properties = { config: clocked, context: {}, signingRegion, signingName }
    const request = await auth.sign(args.request as never, undefined as never, properties)
    const output = await next({ ...args, request }).catch(auth.errorHandler(properties))
    auth.successHandler(output.response, properties)
    return output
  }
}
