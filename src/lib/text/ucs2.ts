const decoder = new TextDecoder('utf-16be', { ignoreBOM: true });

/** UTF-16BE: handsets and carriers take surrogate pairs where the specifications say UCS-2. */
export function encodeUcs2(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le').swap16();
}

/** All parts of a message joined, as a pair may lie across two of them; what is still broken becomes U+FFFD. */
export function decodeUcs2(octets: Uint8Array): string {
  return decoder.decode(octets);
}
