import type { Descriptor } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { Endpoint, ProxySettings } from '@dist/registry-client'
import type { AddressKind, AnswerOptions, HostLane, Quota, ReportOptions, RequestClass } from '@dist/remotes'

/** The settings of a thread, passed at its start. */
export interface ThreadSettings {
  /** The folder of the local store. */
  readonly root: string
  readonly userAgent: string
  readonly proxy: ProxySettings
  readonly addresses?: readonly string[] | undefined
  /** As in `AgentsOptions`. */
  readonly connectionsPerHost?: number | undefined
  /** As in `TransportOptions`. */
  readonly largeBody?: number | undefined
  /** Whether the thread reports each request (`requested`). */
  readonly verbose: boolean
  /** Whether the thread reports the bytes that pass (`passed`). */
  readonly metered: boolean
}

/** Transfers one blob from its registry into the store. */
export interface TransferCall {
  /** The number of the transfer, for `progress` and `arrived`. */
  readonly transfer: number
  readonly desc: Descriptor
  readonly locator: Locator
  readonly endpoints: readonly Endpoint[]
}

/** A request for a token, from the main thread. */
export interface AuthorizationCall {
  readonly endpoint: Endpoint
  readonly scope: string
}

export interface ChallengedCall extends AuthorizationCall {
  readonly challenges: readonly string[]
  readonly rejected?: string | undefined
  readonly reached?: AddressKind | undefined
}

export interface AcquireCall extends RequestClass {
  readonly host: string
  readonly lane?: HostLane | undefined
}

/** A permit of the main thread. `release` takes its number. */
export interface GrantedPermit {
  readonly id: number
  readonly probes: boolean
}

/** A report about a host. */
export interface FailedCall {
  readonly host: string
  readonly because: string
  readonly options?: ReportOptions | undefined
}

export interface AnsweredCall {
  readonly host: string
  readonly options?: AnswerOptions | undefined
}

/** Bytes that have passed since the last report. */
export interface PassedCall {
  readonly host: string
  readonly direction: 'received' | 'sent'
  readonly bytes: number
}

/** Resolves to whether the host has a bound. */
export interface BytesCall {
  readonly host: string
  readonly bytes: number
}

export interface ToldCall {
  readonly host: string
  readonly quota: Quota | undefined
}

export interface PauseCall extends FailedCall {
  readonly milliseconds?: number | undefined
}

export interface ProgressCall {
  readonly transfer: number
  readonly offset: number
}
