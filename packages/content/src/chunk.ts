/** Content that is in memory, as a stream: one chunk, or none when it is empty. */
export async function* oneChunk(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (content.byteLength > 0) yield content
}
