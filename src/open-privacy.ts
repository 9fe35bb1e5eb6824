import { createBuriedEraser } from './audit/recorder/erase-buried.ts';
import { waitRecorded } from './audit/recorder/wait-recorded.ts';
import { createSandboxEraser } from './delivery/erase-sandbox.ts';
import { createMessageCollector } from './delivery/messages/collect-messages.ts';
import { createInboundEraser, createMessageEraser } from './delivery/messages/erase-messages.ts';
import { purgeInbound, purgeMessages } from './delivery/messages/purge-messages.ts';
import { hashRecipient, readRecipient } from './delivery/messages/recipient.ts';
import { createAnswerEraser } from './http/erase-answers.ts';
import type { KeptAnswers } from './http/idempotency-store.ts';
import type { Collect } from './lib/subject.ts';
import {
  createAppointmentCollector,
  createAppointmentEraser,
  purgeAppointments,
} from './messaging/appointments/personal-appointments.ts';
import {
  createAutomationCollector,
  createAutomationEraser,
  purgeRuns,
} from './messaging/automations/personal-automations.ts';
import { createConversionCollector, createConversionEraser } from './messaging/campaigns/personal-conversions.ts';
import { createRecipientCollector, createRecipientEraser } from './messaging/campaigns/personal-recipients.ts';
import { keepTotals, purgeRecipients } from './messaging/campaigns/purge-recipients.ts';
import { createConsentCollector, createConsentEraser } from './messaging/consent/personal-consents.ts';
import { createContactCollector, createContactEraser } from './messaging/contacts/personal-contacts.ts';
import {
  createConversationCollector,
  createConversationEraser,
  purgeConversations,
} from './messaging/conversations/personal-conversations.ts';
import { createSurveyCollector, createSurveyEraser, purgeResponses } from './messaging/inbound/personal-inbound.ts';
import { createLinkCollector, createLinkEraser } from './messaging/links/erase-links.ts';
import type { Services } from './open.ts';
import { createEventCollector } from './privacy/collect-events.ts';
import { createEventEraser } from './privacy/erase-events.ts';
import { openPrivacy } from './privacy/open-privacy.ts';
import type { PrivacyWorker } from './privacy/privacy-worker.ts';
import { createVerificationCollector } from './verify/collect-verifications.ts';
import { eraseGuessState } from './verify/erase-guess-state.ts';
import { createVerificationEraser } from './verify/erase-verifications.ts';
import { purgeBudgets } from './verify/purge-budgets.ts';
import { purgeVerifications } from './verify/purge-verifications.ts';
import { createExcerptEraser } from './webhooks/erase-excerpts.ts';
import { purgeDeliveries } from './webhooks/purge-deliveries.ts';

/** Persons' data, wherever it is. */
export interface Privacy {
  worker: PrivacyWorker;
  /** Keyed hash of a number or an address; null when it is neither. */
  hashOf(address: string): string | null;
  maskOf(address: string): string;
  collectors: readonly Collect[];
  /** Resolves when all that happened so far is in SQL. */
  recorded(): Promise<void>;
}

type Opened = Pick<
  Services,
  | 'config'
  | 'db'
  | 'redis'
  | 'recorder'
  | 'keyring'
  | 'hashKey'
  | 'verify'
  | 'delivery'
  | 'links'
  | 'sandbox'
  | 'now'
  | 'log'
  | 'firstProject'
> & { idempotency: KeptAnswers };

/** Puts together what every feature keeps of persons, and for how long. */
export function openPersonalData(services: Opened): Privacy {
  const { config, db, redis, recorder, keyring, hashKey, verify, delivery, sandbox, idempotency, now, log } = services;
  const { retention } = config.file;
  const { guards } = verify;

  const read = (address: string) => readRecipient(address.includes('@') ? 'email' : 'sms', address);
  const hashOf = (address: string) => {
    const recipient = read(address);
    return recipient && hashRecipient(hashKey, recipient);
  };
  const recorded = async () => {
    if (redis && recorder) await waitRecorded(redis, recorder);
  };

  const worker = openPrivacy({
    db,
    keyring,
    hashOf,
    now,
    recorded,
    erasers: [
      // They claim what messages are found by.
      createVerificationEraser({ db, redis, verify }),
      createAppointmentEraser(db),
      createMessageEraser(db, delivery.queue),
      createInboundEraser(db),
      // What comes of those: nothing new does any more.
      createSurveyEraser(db),
      createConversationEraser(db),
      createConsentEraser(db),
      // Contacts are what runs are found by.
      createAutomationEraser(db),
      createRecipientEraser(db),
      createConversionEraser(db),
      createContactEraser(db),
      createLinkEraser(db, services.links.cache),
      createSandboxEraser(sandbox),
      createAnswerEraser(idempotency, keyring),
      // It needs what those before have claimed, and claims what webhooks are found by.
      createEventEraser(db, keyring),
      createExcerptEraser(db),
      ...(redis ? [createBuriedEraser(redis)] : []),
    ],
    forgetGuesses: (subject, at) => eraseGuessState({ db, redis, guards }, subject, at),
    retention,
    classes: [
      { name: 'verifications', days: retention.verifications_days, purge: purgeVerifications },
      // Of messages it is added up what came of them.
      { name: 'campaign_recipients', days: retention.messages_days, before: keepTotals, purge: purgeRecipients },
      { name: 'messages', days: retention.messages_days, purge: purgeMessages },
      { name: 'appointments', days: retention.messages_days, purge: purgeAppointments },
      { name: 'automation_runs', days: retention.messages_days, purge: purgeRuns },
      { name: 'inbound_messages', days: retention.inbound_days, purge: purgeInbound },
      { name: 'survey_responses', days: retention.inbound_days, purge: purgeResponses },
      { name: 'conversations', days: retention.inbound_days, purge: purgeConversations },
      { name: 'webhook_deliveries', days: retention.webhook_deliveries_days, purge: purgeDeliveries },
    ],
    purgeCounters: (at, after) => purgeBudgets(db, at, after),
    project: services.firstProject.id,
    onError: (error) => log.warn({ err: error }, 'an erasure or retention failed; it is tried again'),
  });

  return {
    worker,
    hashOf,
    maskOf: (address) => read(address)?.masked ?? '*',
    collectors: [
      createVerificationCollector({ db, guards }),
      createMessageCollector(db),
      createAppointmentCollector(db),
      createConversationCollector(db),
      createSurveyCollector(db),
      createLinkCollector(db),
      createConsentCollector(db),
      createContactCollector(db),
      createRecipientCollector(db),
      createConversionCollector(db),
      createAutomationCollector(db),
      createEventCollector(db),
    ],
    recorded,
  };
}
