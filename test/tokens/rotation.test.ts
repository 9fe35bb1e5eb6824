import { createLocalJWKSet, jwtVerify } from 'jose';
import type { KyselyPlugin } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/audit/admin-event.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { createKeyring } from '../../src/lib/keyring.ts';
import { createKeySet, type KeySet } from '../../src/tokens/key-set.ts';
import { createProofs } from '../../src/tokens/proof.ts';
import { ensureSigningKey, rotateSigningKey } from '../../src/tokens/signing-keys.ts';
import { describeWith, freshDatabase } from '../rig/stores.ts';

const START = Date.parse('2027-01-15T08:00:00.000Z');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const master = (n: number) => Buffer.alloc(32, n);
const rotation = { actor: SYSTEM, project: 'prj_1' };
const audience = { project: 'prj_1', mode: 'live' } as const;
const keyring = createKeyring([master(1)]);

/** A process: its own memory of the keys, and a view of the database that can fail. */
function startProcess(db: Database, ring = keyring) {
  const state = { queries: 0, down: false };
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      state.queries++;
      if (state.down) throw new StoreUnavailable('database');
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const keys = createKeySet({ db: db.kysely.withPlugin(plugin), keyring: ring });
  const proofs = createProofs({ keys, issuer: 'https://verify.example.com' });
  let id = 0;
  const sign = (now: number) =>
    proofs.sign(
      {
        id: `ver_${id++}`,
        ...audience,
        recipientHash: 'h',
        purpose: 'login',
        channel: 'sms',
        contextDigest: null,
        proofTtlSeconds: 600,
      },
      now,
    );
  return { state, keys, proofs, sign };
}

const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
const kidsOf = async (keys: KeySet, now: number) => (await keys.published(now)).keys.map((key) => key.kid);

describe('signing keys', () => {
  let db: Database;

  beforeEach(async () => {
    db = await openDatabase((await freshDatabase('sqlite')).url);
    await ensureSigningKey(db, keyring, START);
  });
  afterEach(() => db.close());

  const rotate = (now: number, options: object = {}) => rotateSigningKey(db, keyring, now, { ...rotation, ...options });

  it('are Ed25519, published without their private half, and sealed in the database', async () => {
    const { keys } = await startProcess(db).keys.published(START);
    expect(keys).toEqual([
      {
        kty: 'OKP',
        crv: 'Ed25519',
        x: expect.stringMatching(/^.{43}$/),
        kid: expect.any(String),
        alg: 'EdDSA',
        use: 'sig',
      },
    ]);
    const rows = await db.kysely.selectFrom('signing_keys').selectAll().execute();
    expect(Object.keys(JSON.parse(rows[0]?.public_jwk ?? ''))).not.toContain('d');
    expect(rows[0]?.sealed_private_jwk.split('.')[0]).toBe(keyring.current);
  });

  it('a new one is published at once and signs after ten minutes', async () => {
    const { keys, sign } = startProcess(db);
    const [old] = await kidsOf(keys, START);
    const { kid, activeFrom } = await rotate(START);
    expect(activeFrom).toBe(START + 10 * MINUTE);
    expect(await kidsOf(keys, START + MINUTE)).toEqual([kid, old]);
    expect(kidOf(await sign(activeFrom - 1))).toBe(old);
    expect(kidOf(await sign(activeFrom))).toBe(kid);
  });

  it('R92: no verifier refuses a proof during a rotation, whatever it has cached', async () => {
    const instances = [startProcess(db), startProcess(db)];
    for (const { keys } of instances) await keys.published(START);
    await rotate(START + 10 * SECOND);
    let cached = { at: START, set: createLocalJWKSet((await instances[0]?.keys.published(START)) as never) };
    for (let now = START + 10 * SECOND; now < START + 45 * MINUTE; now += 37 * SECOND) {
      for (const [i, { sign, proofs }] of instances.entries()) {
        const token = await sign(now);
        // The application verifies with a set up to five minutes old, from either instance.
        if (now - cached.at >= 300 * SECOND) {
          const published = await instances[1 - i]?.keys.published(now);
          cached = { at: now, set: createLocalJWKSet(published as never) };
        }
        await jwtVerify(token, cached.set, { currentDate: new Date(now) });
        // The other instance takes it until it expires.
        expect(await instances[1 - i]?.proofs.verify(token, audience, now + 599 * SECOND)).not.toBeNull();
        expect(await proofs.verify(token, audience, now)).not.toBeNull();
      }
    }
    const [newest, ...others] = await kidsOf((instances[0] as (typeof instances)[0]).keys, START + 45 * MINUTE);
    expect([newest, others]).toEqual([
      kidOf(await (instances[0] as (typeof instances)[0]).sign(START + 45 * MINUTE)),
      [],
    ]);
  });

  it('an old one is published until its last proof has expired in every cache, then no more, then deleted', async () => {
    const { keys } = startProcess(db);
    const [old] = await kidsOf(keys, START);
    const { activeFrom } = await rotate(START);
    const last = activeFrom + 15 * MINUTE;
    expect(await kidsOf(keys, last - 1)).toContain(old);
    expect(await kidsOf(keys, last)).not.toContain(old);
    await rotate(last + 1);
    const kids = await db.kysely.selectFrom('signing_keys').select('kid').execute();
    expect(kids.map(({ kid }) => kid)).not.toContain(old);
  });

  it('a compromised one verifies nothing any more, and the new one signs at once', async () => {
    const { sign, keys, proofs } = startProcess(db);
    const stolen = await sign(START);
    // Also one that was on its way out already, and one that was to come.
    await rotate(START);
    const { kid } = await rotate(START + 1, { compromised: true });
    const now = START + MINUTE + 1;
    expect(await kidsOf(keys, now)).toEqual([kid]);
    expect(kidOf(await sign(now))).toBe(kid);
    expect(await proofs.verify(stolen, audience, now)).toBeNull();
  });

  it('every rotation is an event', async () => {
    const [{ kid: first } = { kid: '' }] = await db.kysely.selectFrom('signing_keys').select('kid').execute();
    const { kid, activeFrom } = await rotate(START);
    const events = await db.kysely.selectFrom('events').select(['type', 'actor', 'project_id', 'data']).execute();
    expect(events).toEqual([
      {
        type: 'signing_key.rotated',
        actor: 'system',
        project_id: 'prj_1',
        data: JSON.stringify({
          kid,
          replaced: [first],
          active_from: new Date(activeFrom).toISOString(),
          compromised: false,
        }),
      },
    ]);
  });

  it('go on signing and verifying while the database is down, and it is asked now and then only', async () => {
    const { state, sign, proofs, keys } = startProcess(db);
    const token = await sign(START);
    state.down = true;
    for (let now = START; now < START + 9 * MINUTE; now += SECOND) {
      expect(await proofs.verify(token, audience, now)).not.toBeNull();
      await sign(now);
    }
    expect((await keys.published(START + 9 * MINUTE)).keys).toHaveLength(1);
    expect(state.queries).toBeLessThan(60);
  });

  it('that were never read are a 503, not an empty set for verifiers to cache', async () => {
    const { state, sign, keys } = startProcess(db);
    state.down = true;
    for (const now of [START, START + SECOND, START + 11 * SECOND]) {
      await expect(sign(now)).rejects.toThrow(StoreUnavailable);
      await expect(keys.published(now)).rejects.toThrow(StoreUnavailable);
    }
    state.down = false;
    expect(await kidsOf(keys, START + 30 * SECOND)).toHaveLength(1);
  });

  it('that this process cannot open verify only, and it never signs with one that is no longer published', async () => {
    const { state, sign, proofs } = startProcess(db);
    const newer = createKeyring([master(2), master(1)]);
    const { activeFrom } = await rotateSigningKey(db, newer, START, rotation);
    const theirs = await startProcess(db, newer).sign(activeFrom);
    expect(await proofs.verify(theirs, audience, activeFrom)).not.toBeNull();
    expect(kidOf(await sign(activeFrom))).not.toBe(kidOf(theirs));
    for (const down of [true, false]) {
      state.down = down;
      await expect(sign(activeFrom + 15 * MINUTE)).rejects.toThrow('no signing key');
    }
  });

  it('TOK-07: a thousand made-up kids cause one look at the database', async () => {
    const { state, proofs, sign } = startProcess(db);
    const [, payload, signature] = (await sign(START)).split('.');
    const now = START + 30 * SECOND;
    const forge = (kid: string) => {
      const header = { alg: 'EdDSA', typ: 'countersign-proof+jwt', kid };
      return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
    };
    const before = state.queries;
    await Promise.all(
      Array.from({ length: 500 }, async (_, i) =>
        expect(await proofs.verify(forge(`a${i}`), audience, now)).toBeNull(),
      ),
    );
    for (let i = 0; i < 500; i++) await proofs.verify(forge(`b${i}`), audience, now + i);
    expect(state.queries - before).toBe(1);
  });

  it('made on another instance this very moment is found', async () => {
    const [here, there] = [startProcess(db), startProcess(db)];
    await here.sign(START);
    await rotate(START + 15 * SECOND, { compromised: true });
    const token = await there.sign(START + 15 * SECOND);
    expect(await here.proofs.verify(token, audience, START + 16 * SECOND)).not.toBeNull();
  });

  it('is one when many processes start at once', async () => {
    const empty = await openDatabase((await freshDatabase('sqlite')).url);
    await Promise.all(Array.from({ length: 5 }, () => ensureSigningKey(empty, keyring, START)));
    expect(await empty.kysely.selectFrom('signing_keys').select('kid').execute()).toHaveLength(1);
    await empty.close();
  });

  it('are sealed anew when the master secret is rotated, and go on signing', async () => {
    const old = await startProcess(db).sign(START);
    const both = createKeyring([master(2), master(1)]);
    await ensureSigningKey(db, both, START);
    const after = createKeyring([master(2)]);
    await ensureSigningKey(db, after, START);
    const { proofs, sign } = startProcess(db, after);
    expect(await proofs.verify(old, audience, START)).not.toBeNull();
    expect(kidOf(await sign(START))).toBe(kidOf(old));
  });

  it('that nothing opens stop the start', async () => {
    await expect(ensureSigningKey(db, createKeyring([master(9)]), START)).rejects.toThrow('COUNTERSIGN_SECRET');
  });
});

await describeWith(['postgres'], 'signing keys on Postgres', () => {
  it('is one when many processes start at once, and rotates', async () => {
    const { url, close } = await freshDatabase('postgres');
    const dbs = await Promise.all(Array.from({ length: 4 }, () => openDatabase(url, { poolSize: 2 })));
    await Promise.all(dbs.map((db) => ensureSigningKey(db, keyring, START)));
    const { keys } = startProcess(dbs[0] as Database);
    expect(await kidsOf(keys, START)).toHaveLength(1);
    const { kid } = await rotateSigningKey(dbs[1] as Database, keyring, START, rotation);
    expect((await kidsOf(keys, START + MINUTE))[0]).toBe(kid);
    await Promise.all(dbs.map((db) => db.close()));
    close();
  });
});
