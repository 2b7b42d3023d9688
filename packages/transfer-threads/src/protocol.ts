import type { Descriptor } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { Endpoint, ProxySettings } from '@dist/registry-client'
import type { AddressKind, HostLane, ReportOptions } from '@dist/remotes'

/** What a thread is told when it starts. */
export interface ThreadSettings {
  /** The local store's folder. */
  readonly root: string
  readonly userAgent: string
  readonly proxy: ProxySettings
  readonly addresses?: readonly string[] | undefined
  /** Whether each request is to be told (`requested`). */
  readonly verbose: boolean
}

/** One granted task: the bytes of a blob, from its registry into the store. */
export interface TransferCall {
  /** Names the transfer in `progress`. */
  readonly transfer: number
  readonly desc: Descriptor
  readonly locator: Locator
  readonly endpoints: readonly Endpoint[]
}

/** What a thread asks the main thread, where tokens and limits stay. */
export interface AuthorizationCall {
  readonly endpoint: Endpoint
  readonly scope: string
}

export interface ChallengedCall extends AuthorizationCall {
  readonly challenges: readonly string[]
  readonly rejected?: string | undefined
  readonly reached?: AddressKind | undefined
}

export interface AcquireCall {
  readonly host: string
  readonly lane?: HostLane | undefined
}

/** A permit of the main thread, by its number. */
export interface GrantedPermit {
  readonly id: number
  readonly probes: boolean
}

/** What a thread tells of a host. */
export interface FailedCall {
  readonly host: string
  readonly because: string
  readonly options?: ReportOptions | undefined
}

export interface PauseCall extends FailedCall {
  readonly milliseconds?: number | undefined
}

export interface ProgressCall {
  readonly transfer: number
  readonly offset: number
}
