import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https'
import { S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { S3Location } from './url.js'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface S3ClientSettings extends Pick<S3Location, 'endpoint' | 'region' | 'pathStyle'> {
  /** Default: the chain of the SDK (environment, shared files, web identity, instance metadata). */
  readonly credentials?: S3Credentials | undefined
  /** The most connections. Default 128. */
  readonly maxSockets?: number | undefined
  /** Milliseconds to establish a connection. Default 5,000. */
  readonly connectTimeout?: number | undefined
  /** PEM certificates of the authorities to trust, instead of Node's. */
  readonly ca?: string | undefined
  /** Creates the HTTP agents, to connect through a proxy: the SDK ignores proxy variables. Default: Node's agents. */
  readonly agents?: ((options: HttpsAgentOptions) => S3Agents) | undefined
}

export interface S3Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/**
 * A client for `openS3Store`, without retries, since the store retries itself. The caller destroys it.
 *
 * On Node 20 the SDK prints a warning unless the program sets `AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true` in
 * the environment before it imports this package.
 */
export function createS3Client(settings: S3ClientSettings): S3Client {
  const { endpoint, credentials, connectTimeout = 5_000 } = settings
  // Servers other than Amazon S3 ignore the region, but a signature must contain one.
  const region = settings.region ?? (endpoint === undefined ? undefined : 'us-east-1')
  const agents = agentsOf(settings)
  return new S3Client({
    // The SDK distinguishes an undefined member from a missing one.
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: settings.pathStyle,
    maxAttempts: 1,
    // Checksums in trailers slow down or break older servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it the SDK opens a connection for each part.
    expectContinueHeader: false,
    requestHandler: new NodeHttpHandler({
      httpAgent: agents.http,
      httpsAgent: agents.https,
      connectionTimeout: connectTimeout,
      // The calls of the store have their own deadlines. A server that completes a large upload is silent for minutes.
      socketTimeout: 0,
      socketAcquisitionWarningTimeout: 2 ** 31 - 1,
    }),
  })
}

function agentsOf({ maxSockets = 128, ca, agents = defaultAgents }: S3ClientSettings): S3Agents {
  return agents({ keepAlive: true, maxSockets, ...(ca ? { ca } : {}) })
}

function defaultAgents(options: HttpsAgentOptions): S3Agents {
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}
