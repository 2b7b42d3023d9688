import { containerd } from './containerd.js'
import { crio, podman } from './containers.js'
import { docker } from './docker.js'
import { k3s } from './k3s.js'

/** What the configuration of a client depends on. */
export interface ServerAddress {
  /** Where clients reach the server: `https://mirror.example.com:5000`. */
  readonly url: string
  /** The registries whose images the server has, by host: `docker.io`. */
  readonly hosts: readonly string[]
  /** Whether users have to sign in. */
  readonly signIn: boolean
  /** The registry of names without a host. */
  readonly defaultRegistry?: string | undefined
}

/** A file of a client, and what to do with it. */
export interface ClientConfig {
  readonly content: string
  /** Where to put it, and what else to do, one line each. */
  readonly notes: readonly string[]
}

const writers = { containerd, docker, podman, crio, k3s }

export type Client = keyof typeof writers

/** The clients whose configuration is known. */
export const clients = Object.keys(writers) as Client[]

/** The configuration that makes a client ask this server for images of the registries that it mirrors. */
export function clientConfig(client: Client, server: ServerAddress): ClientConfig {
  return writers[client](server)
}
