import { SYSTEM } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import type { MessageGate } from '../../delivery/messages/gate.ts';
import type { MessageWindow } from '../../delivery/messages/message-window.ts';
import type { BulkSender } from '../../delivery/messages/send-bulk.ts';
import type { Shortener } from '../../delivery/messages/short-links.ts';
import type { Recordings } from '../../delivery/recordings/recordings.ts';
import type { Now } from '../../lib/clock.ts';
import { codeTraffic } from '../../lib/code-traffic.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { createRulesCache } from '../windows/rules-cache.ts';
import { beginOccurrence } from './begin-occurrence.ts';
import type { CampaignRow } from './campaign.ts';
import { createEndCount } from './campaign-figures.ts';
import { type CampaignWorker, createCampaignWorker } from './campaign-worker.ts';
import { moveCampaign } from './campaigns-table.ts';
import type { ChunkDeps } from './chunk-deps.ts';
import { endCampaign } from './end-campaign.ts';
import { createSaveOutcomes } from './outcomes.ts';
import { takePace } from './pace.ts';
import { createPlanTurns } from './plan-turns.ts';
import { recoverChunk } from './recover-chunk.ts';
import { readCampaignSchedule } from './schedule.ts';
import { createSlices } from './slices.ts';
import { contentOf } from './split.ts';
import { takeAudience } from './take-audience.ts';
import type { TakeTurns } from './take-turns.ts';
import type { Script } from './word-recipient.ts';
import { workChunk } from './work-chunk.ts';

export interface CampaignsDeps {
  db: Database;
  bulk: BulkSender;
  gate: MessageGate;
  window: MessageWindow;
  shortener: Shortener | null;
  templateReader: TemplateReader;
  recordings: Pick<Recordings, 'find'>;
  takeTurns?: TakeTurns;
  now: Now;
  onError(error: unknown): void;
}

export interface Campaigns {
  worker: CampaignWorker;
  scriptOf: ChunkDeps['scriptOf'];
}

export function openCampaigns(deps: CampaignsDeps): Campaigns {
  const { db, now, templateReader, takeTurns = createPlanTurns(deps.db, deps.now) } = deps;

  const rulesOf = createRulesCache(db, now);

  async function scriptOf(campaign: CampaignRow, variant: string | null): Promise<Script | { refused: string }> {
    const content = contentOf(campaign, variant);
    const owner = { project: campaign.project_id, mode: campaign.mode };
    const { optOutMentions: mentions } = await rulesOf(owner);
    if (content.recording !== undefined && !(await deps.recordings.find(owner, content.recording))) {
      return { refused: 'recording_missing' };
    }
    if (!content.template) return { content, template: null, mentions };
    const found = await templateReader.find(owner, content.template.id, content.template.version);
    if (!found) return { refused: 'template_missing' };
    // An approval that was taken back holds at once.
    if (found.status === 'rejected' || (content.reviewed && found.status !== 'approved')) {
      return { refused: 'template_not_approved' };
    }
    return { content, template: found, mentions };
  }

  const chunkDeps: ChunkDeps = {
    ...{ db, bulk: deps.bulk, gate: deps.gate, window: deps.window, shortener: deps.shortener },
    ...{ takeTurns, takePace, scriptOf, now },
    saveOutcomes: createSaveOutcomes(db),
    slices: createSlices(codeTraffic),
    isGoing: (campaign) => worker.isGoing(campaign),
    halt: async (campaign, reason) => {
      await endCampaign(db, campaign, { status: 'paused', reason }, now());
    },
  };

  const countAtEnd = createEndCount(db, now);
  const worker = createCampaignWorker({
    db,
    now,
    begin: async (campaign) => {
      const { repeat } = readCampaignSchedule(campaign);
      if (repeat) return beginOccurrence(db, campaign, repeat, now());
      const by = {
        owner: { project: campaign.project_id, mode: campaign.mode },
        actor: { ...SYSTEM, mode: campaign.mode },
      };
      const change = { status: 'preparing', started_at: now() } as const;
      await moveCampaign(db, by, campaign.id, { event: 'campaign.started', from: ['scheduled'], change }, now());
    },
    prepare: (campaign) => takeAudience(db, campaign, now()),
    work: (campaign, chunk) => workChunk(chunkDeps, campaign, chunk),
    recover: (campaign, chunk) => recoverChunk(chunkDeps, campaign, chunk),
    complete: async (campaign) => {
      const isOurs = await endCampaign(db, campaign, { status: 'completed', reason: null }, now());
      if (isOurs) await countAtEnd({ ...campaign, status: 'completed' });
    },
    onError: deps.onError,
  });
  return { worker, scriptOf };
}
