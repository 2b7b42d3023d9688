import { setTimeout as delay } from 'node:timers/promises'

/** What the pages of a dashboard ask by their stream, as packages/page does. */
const overview = {
  ask: ['/runs?state=running&limit=20', '/obstacles'],
  slow: ['/runs?limit=6', '/throughput', '/failures', '/schedules', '/services', '/hosts', '/store'],
}
const run = (id: string) => ({ ask: [`/runs/${id}`], slow: [`/runs/${id}/causes`] })
const runs = { ask: ['/runs?limit=50'], slow: [] }

/** Milliseconds between two questions that pages ask by themselves. */
const sessionMs = 5_000
const imagesMs = 1_000

/** Opens as many pages as a dashboard may have: half of them the overview, the others a run and the list of runs. Resolves to the bytes that they have received. */
export async function readPages(
  url: string,
  id: string,
  count: number,
  signal: AbortSignal,
): Promise<number> {
  const kinds = [overview, run(id), overview, runs]
  const readers = Array.from({ length: count }, (_, i) => {
    const asked = kinds[i % kinds.length] ?? overview
    const images =
      kinds[i % kinds.length] === kinds[1] ? [again(`${url}/api/v1/runs/${id}/images`, imagesMs, signal)] : []
    return Promise.all([
      follow(url, asked, signal),
      again(`${url}/api/v1/session`, sessionMs, signal),
      ...images,
    ])
  })
  const sums = await Promise.all(readers)
  return sums.flat().reduce((sum, bytes) => sum + bytes, 0)
}

async function follow(
  url: string,
  asked: { readonly ask: readonly string[]; readonly slow: readonly string[] },
  signal: AbortSignal,
): Promise<number> {
  const query = new URLSearchParams()
  for (const [name, paths] of Object.entries(asked)) for (const path of paths) query.append(name, path)
  let bytes = 0
  try {
    const response = await fetch(`${url}/api/v1/live?${query}`, { signal })
    if (!response.ok) throw new Error(`the dashboard answers ${response.status}: ${await response.text()}`)
    for await (const chunk of response.body ?? []) bytes += chunk.byteLength
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return bytes
}

async function again(url: string, everyMs: number, signal: AbortSignal): Promise<number> {
  let bytes = 0
  while (!signal.aborted)
    try {
      bytes += (await (await fetch(url, { signal })).arrayBuffer()).byteLength
      await delay(everyMs, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  return bytes
}
