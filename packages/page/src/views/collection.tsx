import type { Answer, Routes } from '@dist/api'
import { formatBytes, formatCount, plural } from '../format.js'

type Collection = NonNullable<Answer<Routes['getRun']>['collection']>
type Progress = NonNullable<Collection['progress']>

/** A collection of garbage: what it does, and at its end what it has deleted. */
export function CollectionFacts({ collection }: { readonly collection: Collection }) {
  const { dryRun, progress, outcome } = collection
  if (outcome === undefined)
    return <p>{progress === undefined ? 'It waits for its turn.' : step(progress)}</p>
  const { deleted, young, needed, images, unknownCount } = outcome
  return (
    <>
      <p>
        {plural(deleted.objects, 'object')} ({formatBytes(deleted.bytes)}){' '}
        {dryRun ? 'would be deleted' : 'deleted'}. {formatBytes(needed.bytes)} are needed by{' '}
        {plural(images, 'image')}
        {young.objects > 0 && `, ${formatBytes(young.bytes)} are too young to be deleted`}.
      </p>
      {unknownCount > 0 && (
        <p class="bad">{plural(unknownCount, 'manifest')} could not be read, so that nothing was deleted.</p>
      )}
    </>
  )
}

function step(progress: Progress): string {
  switch (progress.type) {
    case 'waiting':
      return `It waits for ${plural(progress.processes, 'process', 'processes')} that use the store.`
    case 'reading':
      return `It has read ${plural(progress.names, 'name')}.`
    case 'listing':
      return `It has listed ${plural(progress.objects, 'object')}.`
    case 'deleted':
      return `${formatCount(progress.done)} of ${plural(progress.total, 'object')} are deleted.`
  }
}
