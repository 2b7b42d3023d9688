/** What is set on a directory once nothing is put into it any more. */
export interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Microseconds since 1970: node:fs sets no finer times. */
  readonly mtime: number
}

/** A real directory of the tree that a layer is applied to, as far as the layer had to do with it. */
export class Directory {
  /** Directories in it that are known. */
  readonly children = new Map<string, Directory>()
  /** Symbolic links in it that were followed, and where they lead. */
  readonly links = new Map<string, string>()
  /** Names in it that this layer brought. */
  readonly made = new Set<string>()
  /** Whether the layer brought it, or something in it, at any depth: then no whiteout removes it. */
  isUpper = false
  /** Whether something was made in it or taken from it. */
  isTouched = false
  /** Whether the layer made it: nothing of lower layers can be in it. */
  readonly isNew: boolean
  /** How many directories lie above it. */
  readonly depth: number
  identity: { readonly dev: number; readonly ino: number } | undefined
  /** Of one that was there before: as it was. */
  original: Attributes | undefined
  /** Whether its owner was given rights that it does not have in the end. */
  isOpened = false
  /** As the layer wants it; undefined where the layer says nothing. */
  wanted: Partial<Attributes> | undefined
  /** Names that were in it before, looked up when it first matters. */
  lower: Set<string> | undefined

  constructor(
    readonly name: string,
    readonly parent: Directory | undefined,
    isNew: boolean,
  ) {
    this.isNew = isNew
    this.depth = parent === undefined ? 0 : parent.depth + 1
  }

  /** A byte string, from the root on. */
  path(): string {
    if (this.parent === undefined) return ''
    return this.parent.pathTo(this.name)
  }

  /** The same for a name in it. */
  pathTo(name: string): string {
    const path = this.path()
    return path === '' ? name : `${path}/${name}`
  }

  markUpper(): void {
    for (let at: Directory | undefined = this; at !== undefined && !at.isUpper; at = at.parent)
      at.isUpper = true
  }
}
