import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assignVariant, readExperiment } from '../../../src/messaging/campaigns/split.ts';
import { eventually } from '../../countersign-process.ts';
import { describeWith } from '../../rig/stores.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const PROCESS = fileURLToPath(new URL('../../chaos/campaign-process.ts', import.meta.url));

/** More than a lease: whoever comes after the dead need not wait for theirs. */
const STEP_MS = 31_000;
const PATIENCE_SECONDS = 90;
const TIMEOUT_MS = 200_000;

await describeWith(['postgres'], 'what a campaign decides once, by processes that are killed in it', () => {
  let rig: CampaignRig;
  let carrier: Server;
  /** Whom other processes than this one have sent something. */
  const got: string[] = [];
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    carrier = createServer((request, response) => {
      got.push((request.url ?? '').slice(1));
      response.end();
    }).listen(0, '127.0.0.1');
    await once(carrier, 'listening');
    rig = await openCampaignRig('postgres');
    rig.api.clock.now = Date.now();
  });
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    await rig?.api.close();
    carrier.close();
  });

  function start(offsetMs: number): ChildProcess {
    const child = spawn(process.execPath, [PROCESS], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: rig.api.services.config.databaseUrl,
        SINK_URL: `http://127.0.0.1:${(carrier.address() as AddressInfo).port}`,
        CLOCK_OFFSET_MS: String(offsetMs),
      },
    });
    started.push(child);
    return child;
  }

  /** Nobody can write events meanwhile: it dies in the transaction that would have told of the decision. */
  async function killWhileDeciding(offsetMs: number): Promise<void> {
    const { kysely } = rig.api.services.db;
    await kysely.transaction().execute(async (trx) => {
      await sql`lock table events in exclusive mode`.execute(trx);
      const child = start(offsetMs);
      await eventually(async () => {
        // A transaction that does nothing for long is ended.
        await sql`select 1`.execute(trx);
        const { rows } = await sql`select 1 from pg_stat_activity where datname = current_database()
          and wait_event_type = 'Lock' and query like 'insert into "events"%'`.execute(kysely);
        return rows.length > 0;
      }, PATIENCE_SECONDS);
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
  }

  async function countEvents(type: string, campaign: string): Promise<number> {
    const rows = await rig.api.services.db.kysely
      .selectFrom('events')
      .select('data')
      .where('type', '=', type)
      .where('data', 'like', `%${campaign}%`)
      .execute();
    return rows.length;
  }

  it('has one winner, and the rest gets that', { timeout: TIMEOUT_MS }, async () => {
    const people = await rig.list(20);
    const variants = [
      { id: 'plain', text: 'Plain' },
      { id: 'warm', text: 'Warm' },
    ];
    const experiment = { variants, sample_percent: 50, winner_by: 'clicks', decide_after_seconds: 3_600 };
    const id = await rig.create({ audience: { lists: [people.id] }, text: 'Hi', experiment });
    await rig.start(id);
    await rig.work();
    expect((await rig.read(id)).counts.waiting).toBeGreaterThan(0);

    await killWhileDeciding(3_700_000);
    expect((await rig.api.call('GET', `/v1/campaigns/${id}/stats`)).body.winner.variant).toBeNull();
    const next = start(3_700_000 + STEP_MS);
    await eventually(async () => (await rig.read(id)).status === 'completed', PATIENCE_SECONDS);
    next.kill('SIGKILL');

    expect(await countEvents('campaign.winner_chosen', id)).toBe(1);
    const { kysely } = rig.api.services.db;
    const row = await kysely.selectFrom('campaigns').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    const decided = readExperiment(row);
    const rest = people.contacts.filter((contact) => decided && assignVariant(decided, id, contact) === null);
    for (const { contact_id, variant, ...recipient } of await rig.recipients(id)) {
      // A machine under load may be late for an answer.
      expect(['sent', 'unknown'], JSON.stringify(recipient)).toContain(recipient.state);
      if (rest.includes(contact_id)) expect(variant).toBe(decided?.winner);
    }
    expect(new Set(got).size).toBe(got.length);
  });

  it('has one campaign for each time of a series', { timeout: TIMEOUT_MS }, async () => {
    got.length = 0;
    const people = await rig.list(5);
    const repeat = { every: 'day', at: '10:00', time_zone: 'UTC' };
    const id = await rig.create({ audience: { lists: [people.id] }, text: 'Hi', schedule: { repeat } });
    await rig.start(id);
    const offsetMs = Date.parse((await rig.read(id)).starts_at) - Date.now() + 1_000;

    await killWhileDeciding(offsetMs);
    const next = start(offsetMs);
    const occurrences = async () => {
      const { body } = await rig.api.call('GET', '/v1/campaigns?limit=100');
      return body.data.filter((campaign: { series_id: string | null }) => campaign.series_id === id);
    };
    const isDone = ({ status }: { status: string }) => status === 'completed';
    await eventually(async () => (await occurrences()).some(isDone), PATIENCE_SECONDS);
    next.kill('SIGKILL');

    expect(await occurrences()).toHaveLength(1);
    expect(await countEvents('campaign.repeated', id)).toBe(1);
    expect(new Set(got).size).toBe(got.length);
    expect((await rig.read(id)).status).toBe('scheduled');
  });
});
