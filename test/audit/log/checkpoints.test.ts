import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { SYSTEM } from '../../../src/audit/admin-event.ts';
import { ensureAuditKey, rotateAuditKey, selectAuditKeys } from '../../../src/audit/log/audit-keys.ts';
import { createCheckpointer } from '../../../src/audit/log/checkpoints.ts';
import { createSealer } from '../../../src/audit/log/sealer.ts';
import type { Database } from '../../../src/db/open.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { insertSome } from './insert-some-events.ts';
import { readCheckpoint } from './read-note.ts';
import { rootOf } from './reference-tree.ts';

const START = Date.parse('2027-01-15T08:00:00.000Z');
const ORIGIN = 'otp.example.com/audit';
const EVERY_SECONDS = 30;

await onEachDialect('checkpoints', (databases) => {
  async function newLog() {
    const db = await databases.open();
    const master = randomBytes(32);
    const keyring = createKeyring([master]);
    await ensureAuditKey(db, keyring, START, ORIGIN);
    const checkpointer = createCheckpointer(db, keyring, EVERY_SECONDS);
    let now = START;
    return {
      db,
      master,
      keyring,
      checkpointer,
      seal: () => createSealer(db).sealAll(),
      /** The next one, when it is due. */
      async sign() {
        now += EVERY_SECONDS * 1000;
        const made = await checkpointer.signIfDue(now);
        if (!made) throw new Error('none was due');
        return readCheckpoint(made.note, await verifiersOf(db));
      },
      rotate: (compromised = false) =>
        rotateAuditKey(db, keyring, now, { actor: SYSTEM, project: 'prj_one', compromised }),
    };
  }

  const verifiersOf = async (db: Database) => (await selectAuditKeys(db.kysely)).map(({ verifier }) => verifier);

  async function leafHashes({ kysely }: Database) {
    const rows = await kysely.selectFrom('audit_leaves').select('hash').orderBy('log_index').execute();
    return rows.map(({ hash }) => Buffer.from(hash, 'base64url'));
  }

  it('name the size and root of the log, and are signed as a signed note', async () => {
    const { db, seal, sign } = await newLog();
    expect(await sign()).toMatchObject({ size: 0, root: rootOf([]), number: 1, previous: null });
    await insertSome(db, 700);
    await seal();
    const checkpoint = await sign();
    expect(checkpoint).toMatchObject({ origin: ORIGIN, size: 700, number: 2, time: '2027-01-15T08:01:00.000Z' });
    expect(checkpoint.root).toEqual(rootOf(await leafHashes(db)));
    expect(checkpoint.signers).toHaveLength(1);
  });

  it('come on a beat also when nothing happens, each naming the one before it', async () => {
    const { sign } = await newLog();
    const [first, second, third] = [await sign(), await sign(), await sign()];
    expect([first.number, second.number, third.number]).toEqual([1, 2, 3]);
    expect([second.previous, third.previous]).toEqual([first.digest, second.digest]);
  });

  it('come no oftener than they are due, but at once when the clock was set back', async () => {
    const { checkpointer } = await newLog();
    expect(await checkpointer.signIfDue(START)).not.toBeNull();
    expect(await checkpointer.signIfDue(START + 29_999)).toBeNull();
    expect(await checkpointer.signIfDue(START + 30_000)).not.toBeNull();
    expect(await checkpointer.signIfDue(START - 86_400_000)).not.toBeNull();
  });

  it('are signed by one process of many', async () => {
    const { db, keyring } = await newLog();
    const all = Array.from({ length: 6 }, () => createCheckpointer(db, keyring, EVERY_SECONDS));
    for (let beat = 0; beat < 3; beat += 1) {
      const made = await Promise.all(all.map((each) => each.signIfDue(START + beat * 30_000)));
      expect(made.filter((checkpoint) => checkpoint !== null)).toHaveLength(1);
    }
  });

  it('tell of a new key under the old one, which then can sign no more and still verifies what it signed', async () => {
    const { db, seal, sign, rotate } = await newLog();
    const before = await sign();
    const [old] = await selectAuditKeys(db.kysely);
    const made = await rotate();
    const unsealed = await sign();
    expect(unsealed.signers.sort()).toEqual([old?.id, made.id].sort());
    await seal();
    const handover = await sign();
    expect(handover.signers.sort()).toEqual([old?.id, made.id].sort());
    const event = await db.kysely.selectFrom('events').selectAll().executeTakeFirstOrThrow();
    expect(event.type).toBe('audit_key.rotated');
    expect(JSON.parse(event.data)).toMatchObject({ verifier: made.verifier, replaced: old?.id });
    expect((await sign()).signers).toEqual([made.id]);
    expect(await selectAuditKeys(db.kysely)).toMatchObject([
      { id: made.id, retired_at: null },
      { id: old?.id, sealed_private_jwk: null },
    ]);
    expect(before.signers).toEqual([old?.id]);
    expect(made.verifier.startsWith(`${ORIGIN}+`)).toBe(true);
  });

  it('are not signed any more by a key that may be in wrong hands', async () => {
    const { sign, rotate } = await newLog();
    await rotate();
    const made = await rotate(true);
    expect((await sign()).signers).toEqual([made.id]);
  });

  it('are signed after a change of the master secret, and not without the former one', async () => {
    const { db, master, keyring } = await newLog();
    const changed = randomBytes(32);
    await expect(ensureAuditKey(db, createKeyring([changed]), START, ORIGIN)).rejects.toThrow('opens no key');
    await ensureAuditKey(db, createKeyring([changed, master]), START, 'another.example.com');
    await ensureAuditKey(db, createKeyring([changed]), START, ORIGIN);
    const made = await createCheckpointer(db, createKeyring([changed]), 30).signIfDue(START);
    expect(readCheckpoint(made?.note ?? '', await verifiersOf(db)).origin).toBe(ORIGIN);
    await expect(createCheckpointer(db, keyring, 30).signIfDue(START + 30_000)).rejects.toThrow('cannot be opened');
  });

  it('have one first key, however many processes start at once', async () => {
    const db = await databases.open();
    const keyring = createKeyring([randomBytes(32)]);
    await Promise.all([1, 2, 3, 4].map(() => ensureAuditKey(db, keyring, START, ORIGIN)));
    expect(await selectAuditKeys(db.kysely)).toHaveLength(1);
  });
});
