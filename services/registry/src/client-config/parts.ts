import { pathName } from '@dist/registry-server'
import { isLoopback } from '@dist/settings'

/** Host and port of a server, as references name it. */
export function hostOf(url: string): string {
  return new URL(url).host
}

export function isPlain(url: string): boolean {
  return new URL(url).protocol === 'http:'
}

/** Whether only this machine reaches the server. */
export function isLocal(url: string): boolean {
  return isLoopback({ host: new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') })
}

/** The path below which the server has the images of a registry: `10.0.0.7_5000`. Undefined: no path can name the host. */
export function pathOf(host: string): string | undefined {
  return pathName(`${host}/x`)?.replace(/\/x$/, '')
}
