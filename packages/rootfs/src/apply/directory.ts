/** Attributes of a directory, set after all changes in it. */
export interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Microseconds since 1970, the precision of node:fs. */
  readonly mtime: number
}

/** A real directory of the tree that a layer is applied to, and what the layer has done in it. */
export class Directory {
  /** Known directories in it. */
  readonly children = new Map<string, Directory>()
  /** Targets of the symbolic links in it that were followed. */
  readonly links = new Map<string, string>()
  /** Names in it that this layer made. */
  readonly made = new Set<string>()
  /** Whether this layer made it, or something in it at any depth: then no whiteout of the layer removes it. */
  isUpper = false
  /** Whether something was made or removed in it. */
  isTouched = false
  /** Whether this layer made it: then it contains nothing of lower layers. */
  readonly isNew: boolean
  /** The number of directories above it. */
  readonly depth: number
  identity: { readonly dev: number; readonly ino: number } | undefined
  /** The attributes before the layer; undefined for a new directory. */
  original: Attributes | undefined
  /** Whether its owner temporarily got more permissions. */
  isOpened = false
  /** Attributes of its entry in the layer; undefined if there is no entry. */
  wanted: Partial<Attributes> | undefined
  /** Names in it before the layer; read when first needed. */
  lower: Set<string> | undefined

  constructor(
    readonly name: string,
    readonly parent: Directory | undefined,
    isNew: boolean,
  ) {
    this.isNew = isNew
    this.depth = parent === undefined ? 0 : parent.depth + 1
  }

  /** The path from the root, as a byte string. */
  path(): string {
    if (this.parent === undefined) return ''
    return this.parent.pathTo(this.name)
  }

  /** The path of a name in it. */
  pathTo(name: string): string {
    const path = this.path()
    return path === '' ? name : `${path}/${name}`
  }

  markUpper(): void {
    for (let at: Directory | undefined = this; at !== undefined && !at.isUpper; at = at.parent)
      at.isUpper = true
  }
}
