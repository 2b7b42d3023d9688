import type { ProxySettings } from '@dist/registry-client'
import { type Environment, nonEmpty } from '@dist/settings'

/** Proxies out of the environment, both cases of the names. */
export function proxySettings(env: Environment): ProxySettings {
  // In Go's order. Upper-case HTTP_PROXY is what curl ignores for CGI's sake; containerd and docker read it.
  const either = (name: string) => nonEmpty(env[name]) ?? nonEmpty(env[name.toLowerCase()])
  const httpProxy = either('HTTP_PROXY')
  const httpsProxy = either('HTTPS_PROXY')
  const noProxy = either('NO_PROXY')
  return {
    httpProxy,
    httpsProxy,
    noProxy,
  }
}
