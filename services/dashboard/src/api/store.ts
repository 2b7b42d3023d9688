import { parsePlace } from '@dist/api'
import type { QueueClients } from '@dist/wiring/services'
import type { Handlers } from './mount.js'

const defaultPage = 100

type StoreOperations = 'getStore' | 'measureStore' | 'listStored' | 'getStored' | 'previewSources'

/** The operations about the store and about registries, which coordinators answer. */
export function storeHandlers({
  questions,
}: Pick<QueueClients, 'questions'>): Pick<Handlers, StoreOperations> {
  return {
    getStore: () => questions.store(),
    measureStore: async () => {
      await questions.measure()
      return undefined
    },
    listStored: async ({ query: { cursor, limit = defaultPage, ...filter } }) => {
      const from = cursor === undefined ? 0 : parsePlace(cursor)
      const { images, total, next } = await questions.storedImages({ ...filter, from, limit })
      return { items: images, total, next: next === undefined ? undefined : String(next) }
    },
    getStored: ({ params }) => questions.storedImage(params.name),
    previewSources: ({ body }) => questions.preview(body),
  }
}
