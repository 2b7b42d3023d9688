import { DistError } from '@dist/errdefs'
import type { RunStatus } from '@dist/runs'

type RunPlace = Pick<RunStatus, 'id' | 'createdAt'>

/** The cursor of the runs behind one. */
export function formatCursor({ id, createdAt }: RunPlace): string {
  return `${createdAt.getTime()}-${id}`
}

/** Reads the cursor of runs. Throws `INVALID_ARGUMENT`. */
export function parseCursor(cursor: string): RunPlace {
  const [, created = '', id = ''] = /^(\d{1,15})-([a-z0-9]{1,30})$/.exec(cursor) ?? []
  if (id === '') throw invalid()
  return { id, createdAt: new Date(Number(created)) }
}

/** Reads the cursor of images: the index from which the page begins. Throws `INVALID_ARGUMENT`. */
export function parsePlace(cursor: string): number {
  if (!/^\d{1,10}$/.test(cursor)) throw invalid()
  return Number(cursor)
}

function invalid(): DistError {
  return new DistError('INVALID_ARGUMENT', 'cursor: not one that a page has told')
}
