import { createHash, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '../../src/lib/keyring.ts';
import { needsReseal, open, seal } from '../../src/lib/seal.ts';

const [first, second] = ['one', 'two'].map((name) => createHash('sha256').update(name).digest()) as [Buffer, Buffer];

describe('keys derived from the master secrets', () => {
  it('are HKDF-SHA-256 of the master, one for each purpose and salt', () => {
    const keyring = createKeyring([first]);
    const expected = (info: string) => Buffer.from(hkdfSync('sha256', first, '', info, 32));
    expect(keyring.key('code-pepper', keyring.current)?.export()).toEqual(expected('countersign/code-pepper'));
    const salted = keyring.saltedKey('seal', keyring.current, Buffer.from('salt'));
    expect(salted?.export()).toEqual(expected(`countersign/seal/${Buffer.from('salt').toString('base64url')}`));
  });

  it('seal what only the same record under a listed master opens', () => {
    const old = createKeyring([first]);
    const sealed = seal(old, 'ver_1', 'secret é');
    expect(open(old, 'ver_1', sealed)).toBe('secret é');
    expect(open(old, 'ver_2', sealed)).toBeNull();
    expect(open(createKeyring([second]), 'ver_1', sealed)).toBeNull();
    const rotated = createKeyring([second, first]);
    expect(open(rotated, 'ver_1', sealed)).toBe('secret é');
    expect(needsReseal(rotated, sealed)).toBe(true);
    expect(needsReseal(rotated, seal(rotated, 'ver_1', 'x'))).toBe(false);
  });

  it('seal no two texts under the same key and nonce, in any process', () => {
    const heads = [1, 2, 3].flatMap(() => {
      const keyring = createKeyring([first]); // as another process makes it
      return Array.from({ length: 100 }, () => seal(keyring, 'ver_1', 'x').split('.')[1]?.slice(0, 27));
    });
    expect(new Set(heads).size).toBe(300);
  });

  it('open nothing that was changed', () => {
    const keyring = createKeyring([first]);
    const sealed = seal(keyring, 'ver_1', 'secret');
    for (let i = keyring.current.length + 1; i < sealed.length - 1; i += 3) {
      const changed = `${sealed.slice(0, i)}${sealed[i] === 'A' ? 'B' : 'A'}${sealed.slice(i + 1)}`;
      expect(open(keyring, 'ver_1', changed)).toBeNull();
    }
    for (const nonsense of ['', '.', `${keyring.current}.`, `${keyring.current}.AAAA`, 'zz.zz']) {
      expect(open(keyring, 'ver_1', nonsense)).toBeNull();
    }
  });
});
