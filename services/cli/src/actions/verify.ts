import { openStore } from '@dist/composition'
import type { Image, Names } from '@dist/content'
import { type VerifyEvent, verifyContent } from '@dist/mirror'
import type { Context } from '../context.js'
import type { StoreOptions } from '../options.js'
import { openVerifyView } from '../progress/verify/view.js'
import { findImage } from './names.js'
import { reportVerification } from './verify-report.js'

/** `dist verify`: hashes stored content again, all of it or what some images need. */
export async function verify(
  context: Context,
  texts: readonly string[],
  options: StoreOptions,
): Promise<number> {
  const { signal } = context
  await using store = await openStore(options, context.env)
  const images = texts.length === 0 ? undefined : await findImages(texts, store.names)
  const asked = images === undefined ? {} : { images }
  const outcome = await watched(context, (onEvent) => verifyContent(store, { ...asked, signal, onEvent }))
  return reportVerification(context, outcome, options)
}

async function findImages(texts: readonly string[], names: Names): Promise<Image[]> {
  const images: Image[] = []
  for (const text of texts) images.push(await findImage(text, names))
  return images
}

/** Shows how far it is while it goes on. */
async function watched<T>(
  context: Context,
  work: (onEvent: (event: VerifyEvent) => void) => Promise<T>,
): Promise<T> {
  const view = openVerifyView(context)
  try {
    return await work(view.onEvent)
  } finally {
    view.end()
  }
}
