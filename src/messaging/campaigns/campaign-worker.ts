import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import type { CampaignRow } from './campaign.ts';
import { claimChunks, claimLostChunks, type LeasedChunk } from './chunks.ts';

export interface CampaignWorkerOptions {
  db: Database;
  now: Now;
  /** Begins one whose time has come. */
  begin(campaign: CampaignRow): Promise<void>;
  /** Writes recipients down. False: it was the last of them. */
  prepare(campaign: CampaignRow): Promise<boolean>;
  work(campaign: CampaignRow, chunk: LeasedChunk): Promise<void>;
  recover(campaign: CampaignRow, chunk: LeasedChunk): Promise<void>;
  /** None of its recipients waits. */
  complete(campaign: CampaignRow): Promise<void>;
  onError(error: unknown): void;
}

export interface CampaignWorker {
  /** Does what is due, until nothing is. Returns how much; for tests. */
  runDue(): Promise<number>;
  start(): void;
  /** Something may be due, or has been stopped. */
  wake(): void;
  /** Whether it goes on, by the newest look. */
  isGoing(campaign: string): boolean;
  /** Begins nothing more; resolves when what is under way is done. */
  stop(): Promise<void>;
}

/** Chunks at once: one is read and written while others are with the carriers. */
const SLOTS = 3;
/** From one look to the next: another process may have stopped a campaign. */
const LOOK_MS = 250;

export function createCampaignWorker(options: CampaignWorkerOptions): CampaignWorker {
  const { db, now, onError } = options;
  const running = new Set<Promise<void>>();
  let going = new Set<string>();
  let stopped = false;
  let loop: Promise<void> | null = null;
  let waking = new AbortController();

  /** What is there to do by the newest look; how much of it was begun. */
  async function look(slots: number): Promise<number> {
    const at = now();
    const open = await readOpen(db, at);
    going = new Set(open.filter(({ status }) => status === 'running').map(({ id }) => id));
    const byId = new Map(open.map((campaign) => [campaign.id, campaign]));
    let begun = 0;
    for (const campaign of open) {
      if (campaign.status === 'scheduled') await options.begin(campaign);
      else if (campaign.status === 'preparing') await options.prepare(campaign);
      else continue;
      begun += 1;
    }
    const free = slots - running.size;
    if (free <= 0) return begun;
    for (const chunk of await claimLostChunks(db, at, free)) {
      const campaign = byId.get(chunk.campaign_id) ?? (await readCampaign(db, chunk.campaign_id));
      if (campaign) track(options.recover(campaign, chunk));
      begun += 1;
    }
    const chunks = await claimChunks(db, inTurn([...going], free), at, free);
    for (const chunk of chunks) {
      const campaign = byId.get(chunk.campaign_id);
      if (campaign) track(options.work(campaign, chunk));
      begun += 1;
    }
    if (chunks.length === 0) {
      for (const campaign of await readDone(db)) await options.complete(campaign);
    }
    return begun;
  }

  function track(task: Promise<void>): void {
    const tracked: Promise<void> = task.catch(onError).finally(() => {
      running.delete(tracked);
      wake();
    });
    running.add(tracked);
  }

  function wake(): void {
    waking.abort();
  }

  async function work(): Promise<void> {
    let failures = 0;
    while (!stopped) {
      waking = new AbortController();
      const { signal } = waking;
      try {
        const begun = await look(SLOTS);
        failures = 0;
        if (begun > 0 && running.size < SLOTS) continue;
      } catch (error) {
        onError(error);
        failures += 1;
      }
      await sleep(LOOK_MS * Math.min(2 ** failures, 20), null, failures > 0 ? {} : { signal }).catch(() => null);
    }
  }

  return {
    async runDue() {
      for (let total = 0; ; ) {
        const begun = await look(SLOTS);
        await Promise.all(running);
        total += begun;
        if (begun === 0) return total;
      }
    },
    start() {
      loop ??= work();
    },
    wake,
    isGoing: (campaign) => !stopped && going.has(campaign),
    async stop() {
      stopped = true;
      wake();
      await loop;
      await Promise.all(running);
    },
  };
}

/** With more campaigns than slots, chance is fair to all of them. */
function inTurn(campaigns: string[], max: number): string[] {
  if (campaigns.length <= max) return campaigns;
  return campaigns
    .map((id) => ({ id, drawn: Math.random() }))
    .sort((a, b) => a.drawn - b.drawn)
    .slice(0, max)
    .map(({ id }) => id);
}

/** Those that something is to be done about. */
function readOpen({ kysely }: Database, now: number): Promise<CampaignRow[]> {
  return kysely
    .selectFrom('campaigns')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('status', 'in', ['preparing', 'running']),
        eb.and([eb('status', '=', 'scheduled'), eb('starts_at', '<=', now)]),
      ]),
    )
    .execute();
}

function readCampaign({ kysely }: Database, id: string): Promise<CampaignRow | undefined> {
  return kysely.selectFrom('campaigns').selectAll().where('id', '=', id).executeTakeFirst();
}

function readDone({ kysely }: Database): Promise<CampaignRow[]> {
  return kysely
    .selectFrom('campaigns')
    .selectAll()
    .where('status', '=', 'running')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(selectFrom('campaign_chunks').select('id').whereRef('campaign_chunks.campaign_id', '=', 'campaigns.id')),
      ),
    )
    .execute();
}
