/** Content in memory as a stream of one chunk, or of none if it is empty. */
export async function* oneChunk(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (content.byteLength > 0) yield content
}
