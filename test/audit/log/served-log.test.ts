import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { eventually, startCountersign } from '../../countersign-process.ts';
import { FROM_SOURCE } from '../../from-source.ts';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith, freshDatabase, freshRedis, privateFolder } from '../../rig/stores.ts';
import { newNumber } from '../../service.ts';
import { readCheckpoint } from './read-note.ts';
import { hashLeaf, isConsistent, isIncluded } from './reference-tree.ts';

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

const ENTRY = fileURLToPath(new URL('../../chaos/delivery-process.ts', import.meta.url));
const LEASE_MS = 16_000;

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

async function environment(profile: keyof typeof NEEDS) {
  const folder = privateFolder('served-log');
  const path = join(folder, 'checkpoints.txt');
  const config = join(folder, 'countersign.json');
  const audit = { checkpoint_seconds: 1, anchors: [{ name: 'kept', type: 'file', path }] };
  writeFileSync(config, JSON.stringify({ public_url: 'https://otp.example.com/', audit }));
  const database = await freshDatabase(profile === 'embedded' ? 'sqlite' : 'postgres');
  const env = {
    DATABASE_URL: database.url,
    ...(profile === 'scaled' && { REDIS_URL: (await freshRedis()).url }),
    COUNTERSIGN_SECRET: createHash('sha256').update(database.url).digest('base64'),
    COUNTERSIGN_API_KEY: newSecret('live'),
    COUNTERSIGN_CONFIG: config,
  };
  const notes = () =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split(/\n\n(?!—)/)
          .filter(Boolean)
      : [];
  return { env, notes: () => notes().map((note) => (note.endsWith('\n') ? note : `${note}\n`)) };
}

for (const profile of ['embedded', 'postgres', 'scaled'] as const) {
  await describeWith(NEEDS[profile], `countersign serve (${profile})`, () => {
    it('proves its events by what is kept outside, over the death of a process and a new key', async () => {
      const { env, notes } = await environment(profile);
      const first = await startCountersign(env);
      let started = await first.call('POST', '/v1/verifications', { to: newNumber() });
      // A busy machine may keep a store waiting for longer than a client would.
      for (let tries = 1; started.status === 503 && tries < 10; tries += 1) {
        started = await first.call('POST', '/v1/verifications', { to: newNumber() });
      }
      expect(started.status).toBe(201);
      const trusted: string = (await first.call('GET', '/v1/audit/keys')).body.data[0].verifier;
      await eventually(async () => notes().length >= 2);
      await first.stop('SIGKILL');

      // What the first one had leased when it was killed is free again by the clock of the second.
      const second = await startCountersign({ ...env, CLOCK_OFFSET_MS: String(LEASE_MS) }, [ENTRY]);
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [...FROM_SOURCE, CLI, 'keys', 'rotate', '--audit'],
        {
          env: { PATH: process.env.PATH, ...env },
        },
      );
      const rotated = stdout.trim();
      // Signed by the new key alone.
      await eventually(async () => {
        const { signers } = readCheckpoint(notes().at(-1) ?? '', [trusted, rotated]);
        return signers.length === 1 && signers[0] === rotated.split('+')[1];
      });
      const events = await second.call('GET', `/v1/events?verification_id=${started.body.id}`);
      const proof = (await second.call('GET', `/v1/audit/proof/${events.body.data[0].id}`)).body;

      const checkpoints = notes().map((note) => readCheckpoint(note, [trusted, rotated]));
      expect(checkpoints.map(({ number }) => number)).toEqual(checkpoints.map((_, index) => index + 1));
      expect(checkpoints.slice(1).map(({ previous }) => previous)).toEqual(
        checkpoints.slice(0, -1).map(({ digest }) => digest),
      );
      expect(checkpoints.every(({ origin }) => origin === 'otp.example.com/audit')).toBe(true);
      expect(checkpoints.some(({ signers }) => signers.length === 2)).toBe(true);
      const head = checkpoints.at(-1);
      const before = checkpoints.find(({ size }) => size > 0);
      if (!head || !before) throw new Error('no checkpoint of events');
      const range = `from=${before.size}&to=${head.size}`;
      const { body } = await second.call('GET', `/v1/audit/consistency?${range}`);
      const decode = (hashes: string[]) => hashes.map((hash) => Buffer.from(hash, 'base64url'));
      expect(isConsistent(before, head, decode(body.hashes))).toBe(true);
      const { size, root } = readCheckpoint(proof.checkpoint, [trusted, rotated]);
      const leaf = hashLeaf(Buffer.from(proof.leaf.text));
      expect(isIncluded(leaf, proof.log_index, size, decode(proof.hashes), root)).toBe(true);
      await second.stop('SIGKILL');
    }, 90_000);
  });
}
