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
  /** Default: the SDK's chain (environment, shared files, web identity, instance metadata). */
  readonly credentials?: S3Credentials | undefined
  /** Connections at most. Default 128. */
  readonly maxSockets?: number | undefined
  /** Milliseconds for a connection to be made. Default 5,000. */
  readonly connectTimeout?: number | undefined
  /** PEM certificates of authorities to trust, instead of the usual ones. */
  readonly ca?: string | undefined
  /** Makes what connects, as through a proxy: the SDK knows no proxy variables. Default: Node's agents. */
  readonly agents?: ((options: HttpsAgentOptions) => S3Agents) | undefined
}

export interface S3Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/**
 * A client fit for `openS3Store`, which does the retrying itself. Whoever makes it destroys it.
 *
 * On Node 20 the SDK prints a notice unless `AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true` stands in the
 * environment before this package is imported: that is up to the program.
 */
export function createS3Client(settings: S3ClientSettings): S3Client {
  const { endpoint, credentials, connectTimeout = 5_000 } = settings
  // Servers of one's own know no regions, but a signature has to name one.
  const region = settings.region ?? (endpoint === undefined ? undefined : 'us-east-1')
  const agents = agentsOf(settings)
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: settings.pathStyle,
    maxAttempts: 1,
    // The SDK's checksums as trailers slow older servers down, or break them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it the SDK opens one connection for each part.
    expectContinueHeader: false,
    requestHandler: new NodeHttpHandler({
      httpAgent: agents.http,
      httpsAgent: agents.https,
      connectionTimeout: connectTimeout,
      // The store's calls have deadlines of their own; a server that makes an object of many parts is silent for minutes.
      socketTimeout: 0,
      socketAcquisitionWarningTimeout: 2 ** 31 - 1,
    }),
  })
}

function agentsOf({ maxSockets = 128, ca, agents = directly }: S3ClientSettings): S3Agents {
  return agents({ keepAlive: true, maxSockets, ...(ca ? { ca } : {}) })
}

function directly(options: HttpsAgentOptions): S3Agents {
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}
