import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';
import { readCheckpoint } from './read-note.ts';
import { hashLeaf, isConsistent, isIncluded } from './reference-tree.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `/v1/audit (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
    });
    afterAll(() => api?.close());

    /** A verification with some events, sealed and covered by a new checkpoint. */
    async function startOne(): Promise<string> {
      const body = { to: newNumber(), channel: 'sms', client: { ip: '203.0.113.7' } };
      const { body: started } = await api.call('POST', '/v1/verifications', body);
      await api.work();
      await api.recorded();
      return started.id;
    }

    async function cover(): Promise<string> {
      await api.services.auditLog.sealer.sealAll();
      api.clock.now += 60_000;
      return (await api.services.auditLog.checkpointer.signIfDue(api.clock.now))?.note ?? '';
    }

    const read = async (note: string) => {
      const { body } = await api.call('GET', '/v1/audit/keys');
      return readCheckpoint(
        note,
        body.data.map(({ verifier }: { verifier: string }) => verifier),
      );
    };
    const decode = (hashes: string[]) => hashes.map((hash) => Buffer.from(hash, 'base64url'));

    it('shows each event of a verification to be in the log, by what is answered and a key alone', async () => {
      const id = await startOne();
      await cover();
      const { body } = await api.call('GET', `/v1/events?verification_id=${id}`);
      expect(body.data.length).toBeGreaterThan(1);
      for (const event of body.data) {
        const { status, body: proof } = await api.call('GET', `/v1/audit/proof/${event.id}`);
        expect(status, JSON.stringify(proof)).toBe(200);
        const { leaf, log_index: index, hashes } = proof;
        expect(hashLeaf(Buffer.from(leaf.text)).toString('base64url')).toBe(leaf.hash);
        const salt = Buffer.from(leaf.personal.salt, 'base64url');
        const commitment = createHash('sha256').update(salt).update(leaf.personal.text).digest('base64url');
        const { personal, ...open } = JSON.parse(leaf.text);
        expect(personal).toBe(commitment);
        const { recipient, client } = JSON.parse(leaf.personal.text);
        expect({ ...open, recipient, ...(client && { client }), log_index: index }).toEqual(event);
        const { size, root } = await read(proof.checkpoint);
        expect(isIncluded(Buffer.from(leaf.hash, 'base64url'), index, size, decode(hashes), root)).toBe(true);
        expect(isIncluded(Buffer.from(leaf.hash, 'base64url'), index + 1, size, decode(hashes), root)).toBe(false);
      }
    });

    it('shows each checkpoint to continue the ones before', async () => {
      const notes = [await cover()];
      for (let more = 0; more < 2; more += 1) {
        await startOne();
        notes.push(await cover());
      }
      const { body: newest } = await api.call('GET', '/v1/audit/checkpoint');
      expect(newest).toBe(notes.at(-1));
      const heads = await Promise.all(notes.map(read));
      for (const first of heads) {
        for (const second of heads.filter(({ number }) => number >= first.number)) {
          const url = `/v1/audit/consistency?from=${first.size}&to=${second.size}`;
          const { status, body } = await api.call('GET', url);
          expect(status, JSON.stringify(body)).toBe(200);
          expect(isConsistent(first, second, decode(body.hashes))).toBe(true);
          if (first.size < second.size) {
            const other = { ...first, root: second.root };
            expect(isConsistent(other, second, decode(body.hashes))).toBe(false);
          }
        }
      }
      const { number = 0 } = heads[0] ?? {};
      expect((await api.call('GET', `/v1/audit/checkpoint?number=${number}`)).body).toBe(notes[0]);
      const { headers } = await api.call('GET', '/v1/audit/checkpoint');
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    });

    it('lists checkpoints page by page', async () => {
      await cover();
      await cover();
      const first = await api.call('GET', '/v1/audit/checkpoints?limit=1');
      const second = await api.call('GET', `/v1/audit/checkpoints?limit=1&cursor=${first.body.next_cursor}`);
      expect(second.body.data[0].number).toBe(first.body.data[0].number - 1);
      expect((await read(second.body.data[0].note)).number).toBe(second.body.data[0].number);
    });

    it('says that an event is not covered yet, and when it is gone what its hash was', async () => {
      const id = await startOne();
      const { body } = await api.call('GET', `/v1/events?verification_id=${id}`);
      const [event] = body.data;
      const early = await api.call('GET', `/v1/audit/proof/${event.id}`);
      expect(early).toMatchObject({ status: 409, body: { code: 'not_sealed_yet' }, headers: { 'retry-after': '5' } });
      await api.services.auditLog.sealer.sealAll();
      expect((await api.call('GET', `/v1/audit/proof/${event.id}`)).status).toBe(409);
      await cover();
      const before = await api.call('GET', `/v1/audit/proof/${event.id}`);
      await api.services.db.kysely.deleteFrom('events').where('id', '=', event.id).execute();
      const after = await api.call('GET', `/v1/audit/proof/${event.id}`);
      expect(after.body).toEqual({ ...before.body, leaf: { ...before.body.leaf, text: null, personal: null } });
    });

    it('keeps the proof of an event whose personal part was erased', async () => {
      const id = await startOne();
      const { body } = await api.call('GET', `/v1/events?verification_id=${id}`);
      const [event] = body.data;
      await cover();
      const before = await api.call('GET', `/v1/audit/proof/${event.id}`);
      const { kysely } = api.services.db;
      const erased = { recipient_masked: null, recipient_hash: null, client: null };
      await kysely.updateTable('events').set(erased).where('id', '=', event.id).execute();
      await kysely.updateTable('audit_leaves').set({ salt: null }).where('event_id', '=', event.id).execute();
      const after = await api.call('GET', `/v1/audit/proof/${event.id}`);
      expect(after.body).toEqual({ ...before.body, leaf: { ...before.body.leaf, personal: null } });
    });

    describe('refuses', () => {
      it('another project’s events, and keys without the scope', async () => {
        const id = await startOne();
        await cover();
        const { body } = await api.call('GET', `/v1/events?verification_id=${id}`);
        const { body: project } = await api.call('POST', '/v1/projects', { name: 'other' });
        const scopes = ['audit:read'];
        const made = await api.call('POST', '/v1/keys', { name: 'k', project: project.id, mode: 'live', scopes });
        const foreign = await api.call('GET', `/v1/audit/proof/${body.data[0].id}`, undefined, { key: made.body.key });
        expect(foreign, JSON.stringify(made.body)).toMatchObject({ status: 404, body: { code: 'not_found' } });
        const weak = await api.call('POST', '/v1/keys', { name: 'weak', scopes: ['events:read'] });
        for (const path of ['checkpoint', 'checkpoints', 'keys', 'consistency?from=0', `proof/${body.data[0].id}`]) {
          const answer = await api.call('GET', `/v1/audit/${path}`, undefined, { key: weak.body.key });
          expect(answer.status, path).toBe(403);
        }
      });

      it.each([
        ['consistency', 422],
        ['consistency?from=-1', 422],
        ['consistency?from=1.5', 422],
        ['consistency?from=2&to=1', 422],
        ['consistency?from=1&to=9007199254740991', 422],
        ['consistency?from=9007199254740992', 422],
        ['checkpoint?number=0', 422],
        ['checkpoint?number=1000000', 404],
        ['checkpoints?cursor=x', 422],
        ['proof/evt_00000000000000000000000000', 404],
        ['proof/%00', 404],
      ])('%s: %i', async (path, status) => {
        expect((await api.call('GET', `/v1/audit/${path}`)).status).toBe(status);
      });

      it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('%s: nothing edits the log', async (method) => {
        expect((await api.call(method, '/v1/audit/checkpoint')).status).toBe(405);
        expect((await api.call(method, '/v1/events')).status).toBe(405);
      });
    });
  });
}
