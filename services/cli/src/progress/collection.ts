import type { CollectionProgress } from '@dist/runs'
import { plural } from '../output/format.js'

/** What a collection does, in a line. */
export function progressLine(progress: CollectionProgress, dryRun: boolean): string {
  switch (progress.type) {
    case 'waiting':
      return `waiting for ${plural(progress.processes, 'process', 'processes')} that publish to the store`
    case 'reading':
      return `reading images   ${progress.names}`
    case 'listing':
      return `listing content   ${progress.objects}`
    case 'deleted':
      return `${dryRun ? 'found' : 'deleting'}   ${progress.done} / ${progress.total}`
  }
}
