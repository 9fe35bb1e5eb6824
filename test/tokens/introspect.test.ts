import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import { CompactSign, createLocalJWKSet, exportJWK, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { purgeExpired } from '../../src/db/purge.ts';
import type { ProvenVerification } from '../../src/tokens/proof.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, type TestService } from '../service.ts';

let api: TestService;
let nextId = 0;

/** What an approved verification says, told to the signer directly. */
function proven(changes: Partial<ProvenVerification> = {}): ProvenVerification {
  nextId += 1;
  return {
    id: `ver_0${String(nextId).padStart(26, '0')}`,
    project: api.services.firstProject.id,
    mode: 'live',
    recipientHash: 'hash-of-number',
    purpose: 'login',
    channel: 'sms',
    contextDigest: null,
    proofTtlSeconds: 300,
    ...changes,
  };
}

const sign = (changes?: Partial<ProvenVerification>) => api.services.proofs.sign(proven(changes), api.clock.now);

async function introspect(token: unknown, options: { key?: string; headers?: object; at?: TestService } = {}) {
  const { at = api, ...rest } = options;
  const { status, body } = await at.call('POST', '/v1/tokens/introspect', { token }, rest);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

const INACTIVE = { active: false };

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signed by the service's own key: everything but the signature may be wrong. */
async function ownSigned(change: { header?: object; claims?: object; payload?: string }): Promise<string> {
  const key = await api.services.keySet.signing(api.clock.now);
  const genuine = JSON.parse(Buffer.from((await sign()).split('.')[1] ?? '', 'base64url').toString());
  const payload = change.payload ?? JSON.stringify({ ...genuine, ...change.claims });
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ ...key.header, ...change.header } as { alg: 'EdDSA' })
    .sign(key.privateKey, { crit: { exp: true } });
}

for (const profile of ['embedded', 'postgres'] as const) {
  await describeWith(profile === 'postgres' ? ['postgres'] : [], `a proof (${profile})`, () => {
    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
    });
    beforeEach(() => {
      api.clock.now += 60_000;
    });
    afterAll(() => api?.close());

    const count = async (type: string, id: string) => {
      const { body } = await api.call('GET', `/v1/events?type=${type}&verification_id=${id}&limit=100`);
      return body.data.length;
    };

    it('of a checked code says who, what and how, and every verifier can read it', async () => {
      const to = newNumber();
      const start = { to, subject: 'user-42', purpose: 'payment', context: { payee: 'ACME' } };
      const { id } = (await api.call('POST', '/v1/verifications', start)).body;
      const check = { code: await api.codeOf(to), context: { payee: 'ACME' } };
      const checked = await api.call('POST', `/v1/verifications/${id}/check`, check);
      expect(checked.body).toMatchObject({ valid: true });
      const { token } = checked.body;

      const published = await api.app.inject('/.well-known/jwks.json');
      expect(published.headers['cache-control']).toBe('public, max-age=300');
      const jwks = published.json();
      const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
        currentDate: new Date(api.clock.now),
      });
      const iat = Math.floor(api.clock.now / 1000);
      expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'countersign-proof+jwt', kid: jwks.keys[0].kid });
      expect(payload).toEqual({
        iss: expect.stringMatching(/^urn:countersign:[0-9a-f]{16}$/),
        aud: api.services.firstProject.id,
        sub: 'user-42',
        jti: id,
        iat,
        exp: iat + 300,
        mode: 'live',
        purpose: 'payment',
        channel: 'sms',
        to_hash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        context_digest: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        amr: ['otp', 'sms'],
      });
      expect(JSON.stringify(payload)).not.toContain(to.slice(1));
      expect(await introspect(token)).toEqual({ active: true, ...payload });
    });

    it('is redeemed once', async () => {
      const verification = proven();
      const token = await api.services.proofs.sign(verification, api.clock.now);
      expect(await introspect(token)).toMatchObject({ active: true, jti: verification.id });
      expect(await introspect(token)).toEqual(INACTIVE);
      expect(await count('token.redeemed', verification.id)).toBe(1);
      expect(await count('token.replayed', verification.id)).toBe(1);
    });

    it('is redeemed once by many callers on two instances', async () => {
      const config = { ...api.services.config, host: '127.0.0.2', port: 3999 };
      const other = await openTestService(profile, { beside: { ...api, services: { ...api.services, config } } });
      for (let round = 0; round < 5; round++) {
        const verification = proven();
        const token = await api.services.proofs.sign(verification, api.clock.now);
        const answers = await Promise.all(
          Array.from({ length: 16 }, (_, i) => introspect(token, { at: i % 2 ? api : other })),
        );
        expect(answers.filter((answer) => answer.active)).toHaveLength(1);
        expect(await count('token.redeemed', verification.id)).toBe(1);
        expect(await count('token.replayed', verification.id)).toBe(15);
      }
      await other.close();
    });

    it('that is made twice for one verification is redeemed once', async () => {
      const verification = proven();
      const first = await api.services.proofs.sign(verification, api.clock.now);
      const second = await api.services.proofs.sign(verification, api.clock.now + 5_000);
      expect(second).not.toBe(first);
      expect((await introspect(second)).active).toBe(true);
      expect(await introspect(first)).toEqual(INACTIVE);
    });

    it('that is signed again for a repeated check, as late as that can be, is not redeemed again', async () => {
      const verification = proven();
      const checkedAt = api.clock.now;
      expect((await introspect(await api.services.proofs.sign(verification, checkedAt))).active).toBe(true);
      api.clock.now = checkedAt + 24 * 3_600_000;
      const again = await api.services.proofs.sign(verification, api.clock.now);
      api.clock.now += 299_000;
      await purgeExpired(api.services.db, api.clock.now);
      expect(await introspect(again)).toEqual(INACTIVE);
    });

    it('of test mode has another audience, so that nobody who has only the key set takes it for a live one', async () => {
      const jwks = createLocalJWKSet((await api.app.inject('/.well-known/jwks.json')).json());
      const project = api.services.firstProject.id;
      const verify = (token: string, audience: string) =>
        jwtVerify(token, jwks, { audience, typ: 'countersign-proof+jwt', currentDate: new Date(api.clock.now) });
      const test = await sign({ mode: 'test' });
      await expect(verify(test, project)).rejects.toMatchObject({ claim: 'aud' });
      expect((await verify(test, `${project}:test`)).payload.mode).toBe('test');
      expect((await verify(await sign(), project)).payload.mode).toBe('live');
      for (const claims of [{ mode: 'test' }, { aud: `${project}:test` }]) {
        expect(await introspect(await ownSigned({ claims }))).toEqual(INACTIVE);
      }
    });

    it('is answered again to a retry with the same Idempotency-Key', async () => {
      const token = await sign();
      const options = { headers: { 'idempotency-key': 'retry-1' } };
      const first = await introspect(token, options);
      expect(first.active).toBe(true);
      expect(await introspect(token, options)).toEqual(first);
      expect(await introspect(token)).toEqual(INACTIVE);
    });

    it('dies at its expiry, which is never more than ten minutes away', async () => {
      const token = await sign({ proofTtlSeconds: 86_400 });
      const late = await sign({ proofTtlSeconds: 86_400 });
      const issuedAt = Math.floor(api.clock.now / 1000) * 1000;
      api.clock.now = issuedAt + 599_999;
      expect((await introspect(token)).exp).toBe(issuedAt / 1000 + 600);
      api.clock.now = issuedAt + 600_000;
      expect(await introspect(late)).toEqual(INACTIVE);
    });

    it('of another project or mode is inactive and stays unspent', async () => {
      const { body: project } = await api.call('POST', '/v1/projects', { name: 'other' });
      const make = async (body: object) => (await api.call('POST', '/v1/keys', { name: 'n', ...body })).body.key;
      const theirs = await make({ project: project.id });
      const test = await make({ mode: 'test' });

      const token = await sign();
      expect(await introspect(token, { key: theirs })).toEqual(INACTIVE);
      expect(await introspect(token, { key: test })).toEqual(INACTIVE);
      expect((await introspect(token)).active).toBe(true);

      expect(await introspect(await sign({ project: project.id }))).toEqual(INACTIVE);
      expect(await introspect(await sign({ mode: 'test' }))).toEqual(INACTIVE);
      expect((await introspect(await sign({ mode: 'test' }), { key: test })).active).toBe(true);
    });
  });
}

describe('a forged or foreign token is inactive', () => {
  let stranger: { privateKey: KeyObject; publicKey: KeyObject };
  let hits = 0;
  const server = createServer((_, response) => {
    hits += 1;
    response.end('{}');
  });
  let url: string;

  beforeAll(async () => {
    api = await openTestService('embedded', { key: newSecret('live') });
    stranger = generateKeyPairSync('ed25519');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  });
  afterAll(async () => {
    server.close();
    await api?.close();
  });

  const strangerSigned = async (extra: object = {}) => {
    const [header, payload] = (await sign()).split('.');
    const genuine = JSON.parse(Buffer.from(header ?? '', 'base64url').toString());
    return new CompactSign(Buffer.from(payload ?? '', 'base64url'))
      .setProtectedHeader({ ...genuine, ...extra })
      .sign(stranger.privateKey);
  };

  it('the forger’s own signing works, so that what follows fails for the right reason', async () => {
    expect((await introspect(await ownSigned({}))).active).toBe(true);
  });

  it.each(['none', 'None', 'NONE', ''])('TOK-01: alg %s, without a signature', async (alg) => {
    const [, payload, signature] = (await sign()).split('.');
    const { kid } = (await api.services.keySet.signing(api.clock.now)).header;
    const header = part({ alg, typ: 'countersign-proof+jwt', kid });
    for (const last of ['', signature]) expect(await introspect(`${header}.${payload}.${last}`)).toEqual(INACTIVE);
  });

  it('TOK-01: HS256 with the public key as the secret', async () => {
    const { header, publicJwk } = await api.services.keySet.signing(api.clock.now);
    const [, payload] = (await sign()).split('.');
    for (const secret of [publicJwk.x ?? '', Buffer.from(publicJwk.x ?? '', 'base64url'), JSON.stringify(publicJwk)]) {
      const signed = `${part({ ...header, alg: 'HS256' })}.${payload}`;
      const mac = createHmac('sha256', secret).update(signed).digest('base64url');
      expect(await introspect(`${signed}.${mac}`)).toEqual(INACTIVE);
    }
  });

  it('TOK-02: a key named or carried by the token', async () => {
    const jwk = await exportJWK(stranger.publicKey);
    const headers = [
      { jwk },
      { jku: url },
      { x5u: url },
      { x5c: ['MIIB'] },
      { kid: '../../etc/passwd' },
      { kid: "' or 1=1 --" },
      { kid: url },
      {},
    ];
    for (const header of headers) expect(await introspect(await strangerSigned(header))).toEqual(INACTIVE);
    expect(hits).toBe(0);
  });

  it('TOK-03: without exp, with one that is past, and not yet valid', async () => {
    const now = Math.floor(api.clock.now / 1000);
    for (const claims of [{ exp: undefined }, { exp: now }, { exp: 'never' }, { nbf: now + 60 }]) {
      expect(await introspect(await ownSigned({ claims }))).toEqual(INACTIVE);
    }
  });

  it('TOK-04: of another type; and a proof is no API key', async () => {
    for (const typ of ['JWT', 'at+jwt', 'COUNTERSIGN-PROOF+JWT', undefined]) {
      expect(await introspect(await ownSigned({ header: { typ } }))).toEqual(INACTIVE);
    }
    const proof = await sign();
    expect((await api.call('GET', '/v1/events', undefined, { key: proof })).status).toBe(401);
    expect(await introspect(api.key)).toEqual(INACTIVE);
  });

  it('TOK-05: of another issuer, or for other audiences too', async () => {
    const aud = api.services.firstProject.id;
    for (const claims of [{ iss: 'https://evil.example' }, { iss: undefined }, { aud: 'prj_x' }, { aud: [aud, 'x'] }]) {
      expect(await introspect(await ownSigned({ claims }))).toEqual(INACTIVE);
    }
  });

  it('TOK-08: encrypted and compressed, at once and without growing', async () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000)).toString('base64url');
    const header = part({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' });
    expect(await introspect(`${header}..${part('iv')}.${bomb.slice(0, 7_000)}.${part('tag')}`)).toEqual(INACTIVE);
    expect((await api.call('POST', '/v1/tokens/introspect', { token: `${header}...${bomb}.` })).status).toBe(413);
  });

  it('TOK-10: with crit, known or not', async () => {
    expect(await introspect(await ownSigned({ header: { crit: ['exp'], exp: 1 } }))).toEqual(INACTIVE);
    const [, payload, signature] = (await sign()).split('.');
    const { header } = await api.services.keySet.signing(api.clock.now);
    const critical = part({ ...header, crit: ['urn:example:x'], 'urn:example:x': true });
    expect(await introspect(`${critical}.${payload}.${signature}`)).toEqual(INACTIVE);
  });

  it('TOK-10: with a claim twice', async () => {
    const payload = Buffer.from((await sign()).split('.')[1] ?? '', 'base64url').toString();
    for (const double of [
      payload.replace('{', '{"purpose":"payment",'),
      payload.replace('{', '{"jti":"ver_other",'),
      ` ${payload}`,
    ]) {
      expect(await introspect(await ownSigned({ payload: double }))).toEqual(INACTIVE);
    }
  });

  it('TOK-10: longer than 8 kB', async () => {
    const claims = { note: 'x'.repeat(8_192) };
    expect(await introspect(await ownSigned({ claims }))).toEqual(INACTIVE);
  });

  it('changed in any character', async () => {
    const token = await sign();
    for (let i = 0; i < token.length; i += 7) {
      const other = token[i] === 'A' ? 'B' : 'A';
      expect(await introspect(token.slice(0, i) + other + token.slice(i + 1))).toEqual(INACTIVE);
    }
    expect((await introspect(token)).active).toBe(true);
  });

  it.each(['', '.', '..', '...', 'a.b.c', '\u0000', 'é'.repeat(100), '{"alg":"none"}', 'null'])(
    'nonsense: %j',
    async (token) => {
      const { status, body } = await api.call('POST', '/v1/tokens/introspect', { token });
      expect(status === 400 || (status === 200 && !body.active)).toBe(true);
    },
  );

  it.each([[{}], [{ token: 1 }], [{ token: ['a'] }], [{ token: null }], [{ token: 'a', active: true }]])(
    'a body that is not { token } is refused: %j',
    async (body) => {
      expect((await api.call('POST', '/v1/tokens/introspect', body)).status).toBe(422);
    },
  );
});

describe('the methods in a proof (RFC 8176)', () => {
  beforeAll(async () => {
    api = await openTestService('embedded', { key: newSecret('live') });
  });
  afterAll(() => api?.close());

  it.each([
    ['sms', ['otp', 'sms']],
    ['voice', ['otp', 'tel']],
    ['email', ['otp']],
    ['whatsapp', ['otp']],
  ])('%s', async (channel, amr) => {
    const claims = await introspect(await sign({ channel }));
    expect(claims).toMatchObject({ channel, amr, sub: 'hash-of-number' });
    // A code that is typed can be typed into the wrong page.
    expect(JSON.stringify(claims)).not.toMatch(/phr|phishing|"hwk"|"acr"/);
  });
});
