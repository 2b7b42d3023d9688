import { type FileOperations, writeAll } from './operations.js'

/**
 * A whole file in one go, durable under its final name but for the fsync of the directory, which is the caller's.
 * Whatever fails, the temporary file is gone. A crash leaves it behind for `sweep`.
 */
export async function writeWhole(
  files: FileOperations,
  chunks: readonly Uint8Array[],
  temporary: string,
  final: string,
): Promise<void> {
  const fd = await files.open(temporary, 'wx')
  try {
    await closing(files, fd, async () => {
      await writeAll(files, fd, chunks, 0)
      await files.fsync(fd)
    })
    await files.rename(temporary, final)
  } catch (error) {
    await files.unlink(temporary).catch(() => {})
    throw error
  }
}

/** Runs a step on an open file and closes it, whatever the step does. */
export async function closing(files: FileOperations, fd: number, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    await files.close(fd).catch(() => {})
    throw error
  }
  await files.close(fd)
}
