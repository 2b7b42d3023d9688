import { parseReference } from '@dist/reference'

/** The registry that a reference names; empty for a bad one, which fails its image without asking anybody. */
export function hostOf(reference: string): string {
  try {
    return parseReference(reference).host
  } catch {
    return ''
  }
}
