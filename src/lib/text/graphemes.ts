const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** What a reader takes for one character: an extended grapheme cluster (UAX #29). */
export interface Grapheme {
  start: number;
  text: string;
}

/** Finds the grapheme that an index lies in, without a pass over the whole text. */
export function graphemesOf(text: string): (index: number) => Grapheme {
  const segments = segmenter.segment(text);
  return (at) => {
    const { index, segment } = segments.containing(at) ?? { index: at, segment: '' };
    return { start: index, text: segment };
  };
}
