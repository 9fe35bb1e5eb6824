import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import {
  createReplayCache,
  type VerifyOptions,
  verifySignature,
  verifyWebhook,
  type WebhookHeaders,
  type WebhookKey,
} from '../../../src/webhooks/receiver/verify-webhook.ts';
import { importSigningKey, newSigningSecret, publicKeyOf, signDelivery } from '../../../src/webhooks/sign.ts';
import { importsOf } from '../../house/imports.ts';

const NOW = Date.parse('2027-01-15T08:00:00.000Z');
const SECONDS = NOW / 1_000;
const BODY = JSON.stringify({
  type: 'verification.approved',
  timestamp: '2027-01-15T08:00:00Z',
  data: { id: 'evt_1' },
});
const secret = newSigningSecret('hmac');

function headersOf(secrets: string[], { id = 'evt_1', at = SECONDS, body = BODY } = {}) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': signDelivery(secrets.map(importSigningKey), id, at, body),
  };
}

interface Judged extends VerifyOptions {
  body?: string;
  keys?: WebhookKey | readonly WebhookKey[];
}

/** `ok`, or why not. */
async function judge(
  headers: WebhookHeaders,
  { body = BODY, keys = secret, ...options }: Judged = {},
): Promise<string> {
  const verified = await verifyWebhook(body, headers, keys, { now: NOW, ...options });
  return verified.ok ? 'ok' : verified.error;
}

describe('the published vectors are accepted', () => {
  const body = '{"test": 2432232314}';
  const at = 1_614_265_330_000;
  const headers = { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330' };

  test.each([
    ['HMAC', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
    [
      'Ed25519',
      { kty: 'OKP', crv: 'Ed25519', x: '1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4' } as const,
      'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    ],
  ])('%s', async (_, key, signature) => {
    const signed = { ...headers, 'webhook-signature': `v1,garbage v2,AAAA ${signature}` };
    expect(await verifySignature(body, signed, key, { now: at })).toEqual({
      ok: true,
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      sentAt: new Date(at),
    });
    const changed = await verifySignature(`${body} `, signed, key, { now: at });
    expect(changed).toEqual({ ok: false, error: 'invalid_signature' });
  });
});

describe('a delivery is accepted', () => {
  it('as text or bytes, with the event of its body', async () => {
    const headers = headersOf([secret]);
    for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)]) {
      expect(await verifyWebhook(body, headers, secret, { now: NOW })).toEqual({
        ok: true,
        id: 'evt_1',
        sentAt: new Date(NOW),
        event: JSON.parse(BODY),
      });
    }
  });

  it('with headers of Fetch, of Node, and in any case', async () => {
    const headers = headersOf([secret]);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    for (const form of [headers, new Headers(headers), upper]) expect(await judge(form)).toBe('ok');
  });

  it('by any of several keys, of both kinds, on either side', async () => {
    const other = newSigningSecret('hmac');
    const pair = newSigningSecret('ed25519');
    const publicKey = publicKeyOf(pair) ?? '';
    const both = headersOf([other, pair, secret]);
    for (const keys of [secret, publicKey, [newSigningSecret('hmac'), secret], [secret, publicKey]]) {
      expect(await judge(both, { keys })).toBe('ok');
    }
    expect(await judge(headersOf([pair]), { keys: publicKey })).toBe('ok');
  });

  it('within the tolerance, both ways', async () => {
    for (const at of [SECONDS - 300, SECONDS + 300]) expect(await judge(headersOf([secret], { at }))).toBe('ok');
    expect(await judge(headersOf([secret], { at: SECONDS - 600 }), { toleranceSeconds: 600 })).toBe('ok');
  });
});

describe('a delivery is refused', () => {
  it('when it was changed, or signed by somebody else', async () => {
    const headers = headersOf([secret]);
    const pair = newSigningSecret('ed25519');
    expect(await judge(headers, { body: BODY.replace('approved', 'created') })).toBe('invalid_signature');
    expect(await judge({ ...headers, 'webhook-id': 'evt_2' })).toBe('invalid_signature');
    expect(await judge({ ...headers, 'webhook-timestamp': String(SECONDS + 1) })).toBe('invalid_signature');
    expect(await judge(headersOf([newSigningSecret('hmac')]))).toBe('invalid_signature');
    expect(await judge(headersOf([pair]), { keys: publicKeyOf(newSigningSecret('ed25519')) ?? '' })).toBe(
      'invalid_signature',
    );
  });

  it('when a signature is presented as one of the other kind, cut short, or empty', async () => {
    const headers = headersOf([secret]);
    const signature = headers['webhook-signature'];
    for (const wrong of [
      signature.replace('v1,', 'v1a,'),
      signature.replace('v1,', 'v2,'),
      signature.slice(0, -4),
      signature.slice(0, 20),
      'v1,',
      'v1',
      'v1,!!!!',
      signature.replace('v1,', ''),
    ]) {
      expect(await judge({ ...headers, 'webhook-signature': wrong }), wrong).toBe('invalid_signature');
      expect(await judge({ ...headers, 'webhook-signature': `${wrong} ${signature}` })).toBe('ok');
    }
  });

  it('when it is late, or early', async () => {
    expect(await judge(headersOf([secret], { at: SECONDS - 301 }))).toBe('too_old');
    expect(await judge(headersOf([secret], { at: SECONDS + 301 }))).toBe('too_new');
    expect(await judge(headersOf([secret], { at: SECONDS - 6 }), { toleranceSeconds: 5 })).toBe('too_old');
  });

  it.each([
    ['webhook-id', undefined],
    ['webhook-id', ''],
    ['webhook-id', 'evt.1'],
    ['webhook-id', 'a'.repeat(300)],
    ['webhook-timestamp', undefined],
    ['webhook-timestamp', 'today'],
    ['webhook-timestamp', `${SECONDS}.5`],
    ['webhook-timestamp', `+${SECONDS}`],
    ['webhook-timestamp', `0${SECONDS}`],
    ['webhook-timestamp', ` ${SECONDS}`],
    ['webhook-timestamp', '1e9'],
    ['webhook-signature', undefined],
    ['webhook-signature', ''],
  ])('when %s is %s', async (name, value) => {
    expect(await judge({ ...headersOf([secret]), [name]: value })).toBe('invalid_headers');
  });

  it('when it is signed but no event', async () => {
    for (const body of ['', 'null', '[]', '{}', '{"type":1,"data":{}}', '<webhook/>']) {
      expect(await judge(headersOf([secret], { body }), { body }), body).toBe('invalid_body');
      expect((await verifySignature(body, headersOf([secret], { body }), secret, { now: NOW })).ok).toBe(true);
    }
  });
});

describe('what was captured and sent again is refused', () => {
  it('while a new attempt at the same delivery is not', async () => {
    const seen = createReplayCache();
    const headers = headersOf([secret]);
    expect(await judge(headers, { seen })).toBe('ok');
    expect(await judge(headers, { seen })).toBe('replayed');
    expect(await judge(headersOf([secret], { at: SECONDS + 5 }), { seen })).toBe('ok');
    // Past the tolerance its time says so.
    expect(await judge(headers, { seen, now: NOW + 300_001 })).toBe('too_old');
  });

  it('by a store of one’s own, which hears of nothing that is not signed', async () => {
    const heard: unknown[] = [];
    const seen = async (arrival: unknown) => heard.push(arrival) > 1;
    const forged = { ...headersOf([secret]), 'webhook-id': 'evt_2' };
    expect(await judge(forged, { seen })).toBe('invalid_signature');
    expect(await judge(headersOf([secret]), { seen })).toBe('ok');
    expect(await judge(headersOf([secret]), { seen })).toBe('replayed');
    expect(heard[0]).toEqual({ key: `evt_1.${SECONDS}`, now: NOW, forgetAt: NOW + 300_001 });
  });

  it('and the memory of it does not grow for ever', () => {
    const seen = createReplayCache();
    let known = 0;
    for (let at = 0; at < 100_000; at += 10) {
      expect(seen({ key: `evt_${at}`, now: at, forgetAt: at + 1_000 })).toBe(false);
    }
    for (let at = 0; at < 100_000; at += 10) if (seen({ key: `evt_${at}`, now: 100_000, forgetAt: 0 })) known += 1;
    expect(known).toBeLessThanOrEqual(100);
  });
});

describe('mistakes of the receiver are errors, and quote no key', () => {
  const headers = headersOf([secret]);
  it.each([
    ['no key', []],
    ['an empty one', ''],
    ['one without its prefix', secret.slice('whsec_'.length)],
    ['a short one', 'whsec_c2VjcmV0'],
    ['a private one', newSigningSecret('ed25519')],
    ['half a public one', 'whpk_c2VjcmV0'],
  ])('%s', async (_, keys) => {
    const failing = verifyWebhook(BODY, headers, keys, { now: NOW });
    await expect(failing).rejects.toThrow(TypeError);
    await expect(failing).rejects.not.toThrow(/c2VjcmV0/);
  });

  it('a body that was parsed', async () => {
    await expect(verifyWebhook(JSON.parse(BODY), headers, secret)).rejects.toThrow('as it arrived');
  });
});

it('needs no other package, nothing of Node and nothing of the service', () => {
  const folder = 'src/webhooks/receiver';
  const files = ['verify-webhook.ts', 'receiver-key.ts', 'replay-cache.ts'];
  const imports = files.flatMap((file) => importsOf(readFileSync(`${folder}/${file}`, 'utf8')));
  expect(imports.filter((target) => !files.includes(target.replace('./', '')))).toEqual([]);
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(exports['./webhooks'].default).toBe('./dist/webhooks/receiver/verify-webhook.js');
});
