import { createPrivateKey, createPublicKey, randomBytes, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { importSigningKey, newSigningSecret, publicKeyOf, signDelivery } from '../../src/webhooks/sign.ts';

/** Those that the implementations of Standard Webhooks share. */
const VECTOR = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
const HMAC = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const ED25519 = {
  seed: '6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=',
  signature: 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
};

const signVector = (...secrets: string[]) =>
  signDelivery(secrets.map(importSigningKey), VECTOR.id, VECTOR.timestamp, VECTOR.body);

/** Of a seed, as SubjectPublicKeyInfo (RFC 8410): by Node, from PKCS #8, not by what is tested. */
function publicHalfOf(seed: Buffer): Buffer {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32);
}

test('signatures are those of the published vectors', () => {
  expect(signVector(HMAC.secret)).toBe(HMAC.signature);
  const seed = Buffer.from(ED25519.seed, 'base64');
  const secret = `whsk_${Buffer.concat([seed, publicHalfOf(seed)]).toString('base64')}`;
  expect(signVector(secret)).toBe(ED25519.signature);
  expect(signVector(secret, HMAC.secret)).toBe(`${ED25519.signature} ${HMAC.signature}`);
});

test('the public implementation accepts a delivery by each of several secrets, and by no other', () => {
  const secrets = [newSigningSecret('hmac'), newSigningSecret('ed25519'), newSigningSecret('hmac')];
  const seconds = Math.floor(Date.now() / 1_000);
  const body = '{"text":"día 😀","n":1.50}';
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': signDelivery(secrets.map(importSigningKey), 'evt_1', seconds, body),
  };
  for (const secret of [secrets[0], secrets[2]]) {
    expect(new Webhook(secret ?? '').verify(body, headers)).toEqual(JSON.parse(body));
  }
  expect(() => new Webhook(newSigningSecret('hmac')).verify(body, headers)).toThrow('No matching signature');
});

test('an Ed25519 signature is verified with nothing but the public key', () => {
  const secret = newSigningSecret('ed25519');
  const header = signDelivery([importSigningKey(secret)], 'evt_1', 1_700_000_000, '{}');
  const x = Buffer.from(publicKeyOf(secret)?.slice('whpk_'.length) ?? '', 'base64').toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const signature = Buffer.from(header.slice('v1a,'.length), 'base64');
  expect(verify(null, Buffer.from('evt_1.1700000000.{}'), publicKey, signature)).toBe(true);
  expect(verify(null, Buffer.from('evt_1.1700000001.{}'), publicKey, signature)).toBe(false);
});

test('secrets have the form and the length of the specification, and no two are alike', () => {
  const secrets = Array.from({ length: 20 }, () => newSigningSecret('hmac'));
  expect(new Set(secrets).size).toBe(20);
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(publicKeyOf(secret)).toBeNull();
  }
  expect(newSigningSecret('ed25519')).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
  expect(publicKeyOf(newSigningSecret('ed25519'))).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
});

test('what is no secret is refused', () => {
  const short = `whsk_${randomBytes(32).toString('base64')}`;
  for (const text of ['', 'whpk_AAAA', short]) expect(() => importSigningKey(text)).toThrow('not a signing secret');
});
