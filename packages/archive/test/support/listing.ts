/** A file of an archive, read without code of dist: `ustar` without extensions. */
export interface ListedFile {
  readonly name: string
  readonly content: Buffer
  /** The fields of the header that could make equal content differ. */
  readonly owner: string
  readonly modified: number
}

export function listArchive(archive: Buffer): ListedFile[] {
  const files: ListedFile[] = []
  let position = 0
  while (archive[position] !== 0) {
    const header = archive.subarray(position, position + 512)
    const text = (start: number, length: number) =>
      header.toString('latin1', start, start + length).replace(/\0.*$/s, '')
    const size = Number.parseInt(text(124, 12), 8)
    const content = archive.subarray(position + 512, position + 512 + size)
    const owner = `${Number.parseInt(text(108, 8), 8)}:${Number.parseInt(text(116, 8), 8)}`
    files.push({ name: text(0, 100), content, owner, modified: Number.parseInt(text(136, 12), 8) })
    position += 512 + Math.ceil(size / 512) * 512
  }
  if (archive.length !== position + 1024) throw new Error('the archive does not end where it should')
  return files
}

export function documentIn(archive: Buffer, name: string): unknown {
  const file = listArchive(archive).find((each) => each.name === name)
  return file === undefined ? undefined : JSON.parse(file.content.toString())
}
