// A file of its own, imported when there is a proxy: all of undici costs 70 ms at start. It takes all of it, because
// loaded by itself the proxy agent lacks a method that it calls.
export { EnvHttpProxyAgent } from 'undici'
