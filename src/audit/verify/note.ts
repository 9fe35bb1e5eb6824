import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';

/** C2SP signed-note with Ed25519 keys: who vouches for a text. */
export interface SignedNote {
  /** With the newline that ends it: what is signed. */
  text: string;
  signatures: { name: string; keyHash: string; signature: Buffer }[];
}

export interface NoteKey {
  name: string;
  /** As it was given. */
  verifier: string;
  /** First four bytes of what is hashed over name and key, hex: which of a name's keys signed. */
  hash: string;
  key: KeyObject;
}

const ED25519 = 1;
const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/;

/** `<name>+<hash>+<key>`; null for anything else, and for keys of kinds that are not known. */
export function parseNoteKey(text: string): NoteKey | null {
  const [, name, keyHash, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim()) ?? [];
  if (name === undefined || keyHash === undefined || encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== 33 || bytes[0] !== ED25519) return null;
  const expected = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), bytes]), 'buffer');
  if (expected.subarray(0, 4).toString('hex') !== keyHash) return null;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') };
  return { name, verifier: text.trim(), hash: keyHash, key: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/** All notes of a text in which one follows the other; `broken` counts paragraphs that are none. */
export function parseNotes(text: string): { notes: SignedNote[]; broken: number } {
  const notes: SignedNote[] = [];
  let broken = 0;
  let body: string[] = [];
  let signatures: SignedNote['signatures'] = [];
  const end = () => {
    if (body.length > 0 && signatures.length > 0) notes.push({ text: `${body.join('\n')}\n`, signatures });
    else if (body.length > 0) broken += 1;
    body = [];
    signatures = [];
  };
  let blank = false;
  for (const line of text.split(/\r?\n/)) {
    const [, name, encoded] = blank || signatures.length > 0 ? (SIGNATURE.exec(line) ?? []) : [];
    if (name !== undefined && encoded !== undefined) {
      const bytes = Buffer.from(encoded, 'base64');
      signatures.push({ name, keyHash: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4) });
    } else if (line !== '') {
      if (blank || signatures.length > 0) end();
      body.push(line);
    }
    blank = line === '';
  }
  end();
  return { notes, broken };
}

/** By one of these keys at least; signatures by others are not looked at. */
export function isSignedBy({ text, signatures }: SignedNote, keys: readonly NoteKey[]): boolean {
  return signatures.some(({ name, keyHash, signature }) =>
    keys.some(
      (known) =>
        known.name === name &&
        known.hash === keyHash &&
        signature.length === 64 &&
        verify(null, Buffer.from(text), known.key, signature),
    ),
  );
}
