import { createHmac } from 'node:crypto'
import { reply, startServer } from '@dist/testkit'

export const webhookSecret = 'a secret of tests'

export type Webhook = Awaited<ReturnType<typeof startServer>>

/** A receiver of notices on loopback. It answers with these statuses, one after another, and then with 204. */
export async function startWebhook(...statuses: number[]): Promise<Webhook> {
  return await startServer(() => {
    const status = statuses.shift() ?? 204
    return reply(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {})
  })
}

/** What was delivered, with the result of a check of its signature. */
export function deliveries({ requests }: Pick<Webhook, 'requests'>) {
  return requests.map((request) => {
    const { 'dist-delivery': id, 'dist-timestamp': timestamp, 'dist-signature': signature } = request.headers
    const hmac = createHmac('sha256', webhookSecret).update(`${timestamp}.${id}.${request.body}`)
    return {
      id,
      isGenuine: signature === `sha256=${hmac.digest('hex')}`,
      age: Date.now() / 1000 - Number(timestamp),
      notice: JSON.parse(request.body),
    }
  })
}
