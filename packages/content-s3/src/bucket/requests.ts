import type { S3Client, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3'
import { withPayloadHash } from './payload-hash.js'

/** A command of the SDK. */
export type S3Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Parameters<
  typeof S3Client.prototype.send<Input, Output>
>[0]

/** Options of one request. */
export interface Sending {
  readonly abortSignal: AbortSignal
  /** As in `withPayloadHash`. Default: the SDK hashes the bytes. */
  readonly payloadHash?: string | undefined
}

/** Sends one request for a small operation: GET, HEAD, PUT and LIST. Throws the errors of the SDK. */
export interface Requests {
  send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: S3Command<Input, Output>,
    sending: Sending,
  ): Promise<Output>
}

/** Sends requests with all steps of the SDK. */
export class SdkRequests implements Requests {
  constructor(private readonly client: S3Client) {}

  send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: S3Command<Input, Output>,
    { payloadHash, ...sending }: Sending,
  ): Promise<Output> {
    return this.client.send(
      payloadHash === undefined ? command : withPayloadHash(command, payloadHash),
      sending,
    )
  }
}
