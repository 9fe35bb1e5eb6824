/** Longer than any line of an export. */
const MAX_LINE_BYTES = 1_048_576;

/** What is read of a stream at once, as whole lines. A line that is too long, or not ended, comes as null. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<(string | null)[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines: (string | null)[] = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES) {
      yield [...lines, null];
      return;
    }
    yield lines;
  }
  if (rest !== '') yield [null];
}
