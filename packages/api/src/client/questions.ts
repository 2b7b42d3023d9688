import type { Preview, PreviewRequest, Questions, StoredFilter, StoredPage, StoreReport } from '@dist/runs'
import { parsePlace } from '../cursors.js'
import { routes } from '../routes.js'
import type { Connection } from './connection.js'

/** What commands ask the coordinators of a queue, by its API. */
export class ServerQuestions implements Pick<Questions, 'preview' | 'storedImages' | 'store' | 'measure'> {
  constructor(private readonly connection: Connection) {}

  async preview(body: PreviewRequest): Promise<Preview> {
    return await this.connection.call(routes.previewSources, { body })
  }

  async storedImages({ from, ...query }: StoredFilter): Promise<StoredPage> {
    const cursor = from === undefined ? undefined : String(from)
    const { items, total, next } = await this.connection.call(routes.listStored, {
      query: { ...query, cursor },
    })
    return { images: items, total, next: next === undefined ? undefined : parsePlace(next) }
  }

  async store(): Promise<StoreReport> {
    return await this.connection.call(routes.getStore)
  }

  async measure(): Promise<void> {
    await this.connection.call(routes.measureStore)
  }
}
