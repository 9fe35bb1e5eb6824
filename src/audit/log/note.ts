import { createPrivateKey, generateKeyPairSync, hash, type JsonWebKey, type KeyObject, sign } from 'node:crypto';

/** Signed notes as https://c2sp.org/signed-note has them, with Ed25519. */
export interface NoteSigner {
  /** Who signs: the log's origin. */
  name: string;
  /** Tells keys of one name apart. */
  id: Buffer;
  privateKey: KeyObject;
}

export interface NoteKey extends NoteSigner {
  /** What verifiers are given: `<name>+<id>+<public key>`. */
  verifier: string;
}

/** The signature type of Ed25519. */
const ED25519 = Buffer.of(1);

export function makeNoteKey(name: string): NoteKey {
  if (name === '' || /[\s+]/u.test(name)) throw new Error('the name of a note key has neither spaces nor plus signs');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const encoded = Buffer.concat([ED25519, Buffer.from(x, 'base64url')]);
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), encoded]), 'buffer').subarray(0, 4);
  return { name, id, privateKey, verifier: `${name}+${id.toString('hex')}+${encoded.toString('base64')}` };
}

export function readNoteSigner(verifier: string, privateJwk: JsonWebKey): NoteSigner {
  const [name = '', id = ''] = verifier.split('+');
  return { name, id: Buffer.from(id, 'hex'), privateKey: createPrivateKey({ key: privateJwk, format: 'jwk' }) };
}

/** `text` ends with a newline and has no other control characters. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const signatures = signers.map(({ name, id, privateKey }) => {
    const signature = sign(null, Buffer.from(text), privateKey);
    return `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
  });
  return `${text}\n${signatures.join('')}`;
}
