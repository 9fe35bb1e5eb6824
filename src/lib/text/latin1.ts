/** ISO 8859-1 (SMPP data_coding 3), for carriers whose default alphabet it is. Null when a character is outside it. */
export function encodeLatin1(text: string): Uint8Array | null {
  return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : null;
}

export function decodeLatin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}
