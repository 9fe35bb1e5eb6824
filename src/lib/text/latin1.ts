/** ISO 8859-1 (SMPP data_coding 3), for carriers whose default alphabet it is. Null when a character is outside it. */
export function encodeLatin1(text: string): Uint8Array | null {
  return isLatin1(text) ? Buffer.from(text, 'latin1') : null;
}

export function isLatin1(text: string): boolean {
  return /^[\0-\xff]*$/.test(text);
}

export function decodeLatin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}
