/** By the rules of the format: `\|` and `\\` in the header, `\=`, `\\`, `\n` and `\r` in the extension. */
export function readCef(line: string): { header: string[]; extension: Record<string, string> } {
  const [whole = '', ...fields] = /^((?:[^|\\]|\\[|\\])*)(?:\|((?:[^|\\]|\\[|\\])*)){6}\|/.exec(line) ?? [];
  if (fields.length === 0) throw new Error('not CEF');
  const header = whole
    .slice(0, -1)
    .split(/(?<!\\)(?:\\\\)*\|/)
    .map((field) => field.replace(/\\([|\\])/g, '$1'));
  const extension: Record<string, string> = {};
  const text = line.slice(whole.length);
  // A key is a word before an equals sign that is not escaped, after a space.
  const keys = [...text.matchAll(/(?:^| )(\w+)=/g)].filter(
    ({ index, 0: found }) => !isEscaped(text, index + found.length - 1),
  );
  for (const [at, key] of keys.entries()) {
    const value = text.slice(key.index + key[0].length, keys[at + 1]?.index);
    extension[key[1] ?? ''] = value.replace(/\\([\\=nr])/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
  }
  return { header, extension };
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r' };

function isEscaped(text: string, at: number): boolean {
  return (/\\*$/.exec(text.slice(0, at))?.[0].length ?? 0) % 2 === 1;
}
