/** ISO 8859-1 (SMPP data_coding 3), for carriers whose default alphabet it is. The text must be in it. */
export function encodeLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function isLatin1(text: string): boolean {
  return /^[\0-\xff]*$/.test(text);
}

export function decodeLatin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}
