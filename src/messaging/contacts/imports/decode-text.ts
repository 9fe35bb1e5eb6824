import { isAscii } from 'node:buffer';

/** Bytes of a file that nobody has said the charset of, as text. */
export interface TextReader {
  read(bytes: Buffer): string;
  end(): string;
  /** Once something tells it; else UTF-8. */
  charset(): string;
}

/** The file turned out to be in no charset that it could be. */
export class NotText extends Error {
  override readonly name = 'NotText';
}

const MARKS = [
  { charset: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { charset: 'utf-16le', bytes: [0xff, 0xfe] },
  { charset: 'utf-16be', bytes: [0xfe, 0xff] },
] as const;

/**
 * By its byte order mark; else UTF-8 if the first bytes that are not ASCII are, else Windows-1252, of which Latin-1 is a
 * part (WHATWG Encoding §4.2).
 */
export function createTextReader(declared?: string): TextReader {
  let head: Buffer | null = Buffer.alloc(0);
  let decoder: InstanceType<typeof TextDecoder> | null = null;

  function decode(bytes: Buffer, stream: boolean): string {
    if (!decoder && isAscii(bytes)) return bytes.toString('latin1');
    decoder ??= new TextDecoder(declared ?? (isUtf8Start(bytes) ? 'utf-8' : 'windows-1252'), { fatal: true });
    try {
      return decoder.decode(bytes, { stream });
    } catch {
      throw new NotText(`it is not ${decoder.encoding}`);
    }
  }

  function begin(bytes: Buffer): string {
    const mark = MARKS.find(({ bytes: wanted }) => wanted.every((byte, index) => bytes[index] === byte));
    if (mark) decoder = new TextDecoder(mark.charset, { fatal: true });
    // The decoder takes the mark away.
    return decode(bytes, true);
  }

  return {
    read(bytes) {
      if (head === null) return decode(bytes, true);
      head = Buffer.concat([head, bytes]);
      if (head.length < 4) return '';
      const first = head;
      head = null;
      return begin(first);
    },
    end() {
      const rest = head === null ? '' : begin(head);
      return rest + (decoder ? decode(Buffer.alloc(0), false) : '');
    },
    charset: () => decoder?.encoding ?? 'utf-8',
  };
}

/** What may be the beginning of UTF-8: a character may be cut at the end. */
function isUtf8Start(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
