export interface OriginBoundCode {
  host: string;
  code: string;
}

const ASCII_WHITESPACE = '\t\n\f\r ';

/** https://wicg.github.io/sms-one-time-codes/#parsing, step by step; an embedded origin counts as none of ours. */
export function parseOriginBound(message: string): (OriginBoundCode & { rest: string }) | null {
  const line = message.replaceAll('\r\n', '\n').replaceAll('\r', '\n').split('\n').at(-1) ?? '';
  let position = 0;
  const takeToken = (marker: string): string | null => {
    if (line[position] !== marker) return null;
    const start = ++position;
    while (position < line.length && !ASCII_WHITESPACE.includes(line[position] ?? '')) position += 1;
    return position > start ? line.slice(start, position) : null;
  };
  const host = takeToken('@');
  if (host === null || line[position] !== ' ') return null;
  position += 1;
  const code = takeToken('#');
  return code === null ? null : { host, code, rest: line.slice(position) };
}

/** What Chromium takes: the first match in the whole text, not the last line (content/browser/sms/sms_parser.cc). */
export function findLikeChromium(message: string): OriginBoundCode | null {
  const match = /(?:^|[\t\n\f\r ])@([A-Za-z0-9.-]+) #([^#\t\n\f\r ]+)/.exec(message);
  return match ? { host: match[1] ?? '', code: match[2] ?? '' } : null;
}
