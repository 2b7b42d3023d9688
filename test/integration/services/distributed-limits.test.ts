import { type LimitedAnswer, tokenBucket } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { type Cluster, useCluster } from '../support/cluster.js'
import { put } from '../support/cluster-images.js'

const open = useCluster('limits')

/** Images of one small layer. */
function some(cluster: Cluster, count: number): string[] {
  const images = Array.from({ length: count }, (_, i) =>
    ociImage({ layers: [seededLayer(`limited ${i}`, 300)] }),
  )
  return put(cluster, 'limited', images)
}

function between(answers: readonly LimitedAnswer[], from: number, to: number) {
  const [{ at: start } = { at: 0 }] = answers
  const seen = answers.filter(({ at }) => at - start >= from * 1000 && at - start < to * 1000)
  const refused = seen.filter(({ isRefused }) => isRefused).length
  return { perSecond: (seen.length - refused) / (to - from), refusedShare: refused / seen.length }
}

it('R41 two workers come near the limit of a registry that no setting tells, and are rarely refused', async () => {
  const cluster = await open()
  const answers: LimitedAnswer[] = []
  cluster.registry.script({ path: '/v2/limited/' }, tokenBucket({ perSecond: 20, burst: 20 }, answers))
  await cluster.startAll(1, 2, { real: true })
  const runs = await cluster.client()
  // Enough that manifests and blobs are asked for all the time.
  const run = await cluster.submit(some(cluster, 300))
  const elapsed = () => (answers.at(-1)?.at ?? 0) - (answers[0]?.at ?? 0)
  await waitFor(() => elapsed() > 21_000, '21 s of requests', 60_000)
  const { perSecond, refusedShare } = between(answers, 9, 21)
  // The bench measures how near. Here other tests have most of the processors: the limit is one that they leave room for.
  expect(perSecond).toBeGreaterThan(12)
  expect(refusedShare).toBeLessThan(0.04)
  // No job has failed because of a refusal.
  expect((await runs.status(run)).images).toMatchObject({ failed: 0 })
  await runs.cancel(run)
}, 150_000)
