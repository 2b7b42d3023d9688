/** The data of the first events of a stream that have an answer, in the order of the questions. */
export async function firstAnswers(
  response: Response,
  count: number,
): Promise<{ ask: string; answer: unknown }[]> {
  const found: { ask: string; answer: unknown }[] = []
  let text = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    const events = [...text.matchAll(/event: answer\ndata: (.*)\n\n/g)]
    found.splice(0, found.length, ...events.map(([, data = '']) => JSON.parse(data)))
    if (found.length >= count) break
  }
  return found.sort((a, b) => b.ask.localeCompare(a.ask))
}
