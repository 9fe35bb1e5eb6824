const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** What a reader takes for one character: extended grapheme clusters (UAX #29). */
export function graphemesOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** For each index the start of the grapheme it lies in, looked up as asked. */
export function graphemeStarts(text: string): (index: number) => number {
  const segments = segmenter.segment(text);
  return (index) => segments.containing(index)?.index ?? index;
}
