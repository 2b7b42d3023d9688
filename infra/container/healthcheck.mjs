// The health check of the container. All services serve `/readyz` at the same port in it. Prints the status; exit code 0 when
// the service is ready, else 1.
const url = 'http://127.0.0.1:9464/readyz'

const response = await fetch(url, { signal: AbortSignal.timeout(5_500) }).catch(() => undefined)
console.log(response === undefined ? `${url}: no answer` : `${url}: ${response.status}`)
process.exit(response?.ok ? 0 : 1)
