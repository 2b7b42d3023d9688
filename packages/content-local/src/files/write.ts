import type { FileOperations } from './operations.js'

/**
 * Writes a file, syncs it and renames it to its final name. The caller syncs the directory. A failure removes the
 * temporary file; after a crash `sweep` removes it.
 */
export async function writeWhole(
  files: FileOperations,
  chunks: readonly Uint8Array[],
  temporary: string,
  final: string,
): Promise<void> {
  const fd = await files.open(temporary, 'wx')
  try {
    await closeAfter(files, fd, async () => {
      await writeAll(files, fd, chunks, 0)
      await files.fsync(fd)
    })
    await files.rename(temporary, final)
  } catch (error) {
    await files.unlink(temporary).catch(() => {})
    throw error
  }
}

/** Runs a step on an open file, then closes the file, also when the step fails. */
export async function closeAfter(
  files: FileOperations,
  fd: number,
  step: () => Promise<void>,
): Promise<void> {
  try {
    await step()
  } catch (error) {
    await files.close(fd).catch(() => {})
    throw error
  }
  await files.close(fd)
}

/** Writes all chunks from `position` on, with as many calls as it takes. */
export async function writeAll(
  files: FileOperations,
  fd: number,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = chunks.filter((chunk) => chunk.byteLength > 0)
  let offset = position
  while (rest.length > 0) {
    const written = await files.writev(fd, rest, offset)
    offset += written
    rest = without(rest, written)
  }
}

function without(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written
  let index = 0
  for (; index < chunks.length; index++) {
    const length = chunks[index]?.byteLength ?? 0
    if (skip < length) break
    skip -= length
  }
  const rest = chunks.slice(index)
  if (skip > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(skip)
  return rest
}
