import { expect, it } from 'vitest';
import { createKeyring } from '../../src/lib/keyring.ts';
import { type ClientTokenClaims, issueClientToken, openClientToken } from '../../src/tokens/client-token.ts';

const master = (n: number) => Buffer.alloc(32, n);
const keyring = createKeyring([master(1)]);
const claims: ClientTokenClaims = {
  verificationId: `ver_${'0'.repeat(27)}`,
  project: `prj_${'1'.repeat(26)}`,
  mode: 'live',
};
const EXPIRES = 1_800_000_000_000;
const token = issueClientToken(keyring, claims, EXPIRES);

it('a client token says which verification it is for, until it expires', () => {
  expect(token).toMatch(/^cst_[A-Za-z0-9_.-]+$/);
  expect(openClientToken(keyring, token, 0)).toEqual(claims);
  expect(openClientToken(keyring, token, EXPIRES - 1)).toEqual(claims);
  expect(openClientToken(keyring, token, EXPIRES)).toBeNull();
});

it('it says so after the master secret was rotated, and no more when the old one is gone', () => {
  expect(openClientToken(createKeyring([master(2), master(1)]), token, 0)).toEqual(claims);
  expect(openClientToken(createKeyring([master(2)]), token, 0)).toBeNull();
});

it('it fits a bearer header', () => {
  expect(token.length).toBeLessThan(300);
});

it('changed, shortened or lengthened in any place it is nothing', () => {
  for (let i = 0; i < token.length; i++) {
    for (const other of ['A', 'b', '0', '-', '.', '=', ' ']) {
      if (other === token[i]) continue;
      expect(openClientToken(keyring, token.slice(0, i) + other + token.slice(i + 1), 0)).toBeNull();
    }
    expect(openClientToken(keyring, token.slice(0, i), 0)).toBeNull();
    expect(openClientToken(keyring, token.slice(0, i) + token.slice(i + 1), 0)).toBeNull();
  }
  expect(openClientToken(keyring, `${token}A`, 0)).toBeNull();
  expect(openClientToken(keyring, `${token}\n`, 0)).toBeNull();
});

it('a mac with other unused bits is nothing: a token has one spelling', () => {
  // The last of 43 base64url characters carries 4 bits: four characters decode to the same bytes.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1) ?? '');
  const spellings = [0, 1, 2, 3].map((bits) => token.slice(0, -1) + alphabet[(last & ~3) | bits]);
  expect(spellings.filter((spelling) => openClientToken(keyring, spelling, 0))).toEqual([token]);
});

it('made of another kind of key it is nothing', () => {
  const [, keyId] = /^cst_([0-9a-f]{8})/.exec(token) ?? [];
  expect(keyId).toBe(keyring.current);
  for (const text of [
    '',
    'cst_',
    `cst_${keyId}.`,
    `cst_${keyId}..`,
    `cst_00000000.${'A'.repeat(20)}.${'A'.repeat(43)}`,
  ]) {
    expect(openClientToken(keyring, text, 0)).toBeNull();
  }
});
