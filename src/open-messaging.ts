import type { Config } from './config.ts';
import { createMessageInserts, type MessageCaller, type MessageInserts } from './delivery/messages/create.ts';
import type { MessageWindow } from './delivery/messages/message-window.ts';
import type { CallPolicy } from './delivery/messages/read-call.ts';
import type { WordMessage } from './delivery/messages/words.ts';
import type { HttpClient } from './lib/http-client.ts';
import { type Appointments, openAppointments } from './messaging/appointments/open-appointments.ts';
import { type Automations, openAutomations } from './messaging/automations/open-automations.ts';
import { type Campaigns, openCampaigns } from './messaging/campaigns/open-campaigns.ts';
import { createWordMessage } from './messaging/templates/word-message.ts';
import { mentioningOptOut } from './messaging/windows/mention-opt-out.ts';
import { createRulesCache } from './messaging/windows/rules-cache.ts';
import type { Services } from './open.ts';
import { findProject } from './projects/projects.ts';
import { createPolicyResolver, type Policy } from './verify/policy.ts';
import { importSigningKey, signDelivery } from './webhooks/sign.ts';

/** What sends by itself when its time comes. */
export interface Messaging {
  /** The words of a message: its own or a template's, and what the project has to say. */
  wordMessage: WordMessage;
  /** Messages that are recorded together with what they belong to. */
  messages: MessageInserts;
  callerOf: CallerLookup;
  appointments: Appointments;
  automations: Automations;
  campaigns: Campaigns;
}

/** How a project has its messages made, when nobody calls. */
export type CallerLookup = (project: string) => Promise<Pick<MessageCaller, 'calls' | 'templateReview'>>;

type Opened = Pick<Services, 'config' | 'db' | 'hashKey' | 'delivery' | 'links' | 'templateReader' | 'now' | 'log'> & {
  webhookHttp: HttpClient;
  window: MessageWindow;
};

export async function openMessaging(services: Opened): Promise<Messaging> {
  const { config, db, hashKey, delivery, links, templateReader: reader, now, log } = services;
  const wordMessage = mentioningOptOut(createWordMessage(reader), createRulesCache(db, now));
  const messages = createMessageInserts({
    ...{ ...delivery, db, hashKey, wordMessage },
    shortener: links.shortener,
  });
  const callerOf = createCallerLookup(services, config);
  const appointments = openAppointments({
    ...{ db, messages, reader, callerOf, now },
    outgoing: delivery.queue,
    onError: (error) => log.warn({ err: error }, 'a reminder failed; it is tried again'),
  });
  const automations = await openAutomations({
    ...{ db, messages, callerOf, hashKey, now, log },
    http: services.webhookHttp,
    sign: (secret, id, seconds, body) => signDelivery([importSigningKey(secret)], id, seconds, body),
    wakeMessages: delivery.queue.wake,
  });
  const campaigns = openCampaigns({
    ...{
      db: db.bulk,
      bulk: delivery.bulk,
      gate: delivery.gate,
      shortener: links.shortener,
      templateReader: reader,
      now,
    },
    ...{ window: services.window, recordings: delivery.recordings },
    onError: (error) => log.warn({ err: error }, 'a part of a campaign failed; it is tried again'),
  });
  return { wordMessage, messages, callerOf, appointments, automations, campaigns };
}

function createCallerLookup({ db }: Pick<Opened, 'db'>, { file, mode }: Config): CallerLookup {
  const policyOf = createPolicyResolver(file.policy, { production: mode === 'production' });
  return async (id) => {
    const policy = policyOf((await findProject(db.kysely, id))?.policy ?? {});
    return { calls: callPolicyOf(policy), templateReview: policy.template_review };
  };
}

/** How messages are said; the rest of `voice` is about codes. */
export function callPolicyOf({ brand, voice, call_retry: retry }: Policy): CallPolicy {
  return { brand: voice.brand ?? brand, pace: voice.pace, voice: voice.voice, retry };
}
