import { createHash, createPublicKey, verify } from 'node:crypto';

export interface ReadCheckpoint {
  origin: string;
  size: number;
  root: Buffer;
  number: number;
  time: string;
  previous: string | null;
  /** What is signed. */
  text: string;
  digest: string;
  /** Ids of the keys that have signed. */
  signers: string[];
}

/** Reads a checkpoint by the public specifications alone; throws when a signature of a known key is not right. */
export function readCheckpoint(note: string, verifiers: readonly string[]): ReadCheckpoint {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const signers: string[] = [];
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [, name, encoded = ''] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = Buffer.from(encoded, 'base64');
    const id = bytes.subarray(0, 4).toString('hex');
    const verifier = verifiers.find((each) => each.startsWith(`${name}+${id}+`));
    if (!verifier) continue;
    const key = Buffer.from(verifier.slice(`${name}+${id}+`.length), 'base64');
    const expected = createHash('sha256').update(`${name}\n`).update(key).digest('hex').slice(0, 8);
    if (expected !== id || key[0] !== 1) throw new Error('not a verifier key');
    // RFC 8410: what stands before the 32 octets of an Ed25519 key.
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    if (!verify(null, Buffer.from(text), publicKey, bytes.subarray(4))) throw new Error('a signature is not right');
    signers.push(id);
  }
  const [origin = '', size, root = '', ...extensions] = text.split('\n').slice(0, -1);
  const extension = (name: string) => extensions.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  return {
    origin,
    size: Number(size),
    root: Buffer.from(root, 'base64'),
    number: Number(extension('number')),
    time: extension('time') ?? '',
    previous: extension('previous') ?? null,
    text,
    digest: createHash('sha256').update(text).digest('base64'),
    signers,
  };
}
