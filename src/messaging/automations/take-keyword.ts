import type { KeyObject } from 'node:crypto';
import type { Channel } from '../../lib/channels.ts';
import { normalizeReply } from '../consent/keywords/normalize-reply.ts';
import { senderKey } from '../consent/sender-key.ts';
import { findOrCreateByAddress } from '../contacts/find-or-create.ts';
import type { InboundHandler } from '../inbound/inbound.ts';
import type { Trigger } from './automation.ts';
import { selectAll, toAutomation, toOpen } from './automations-table.ts';
import { type EnterDeps, enterIn } from './enter.ts';
import { KIND_OF } from './send-step.ts';

type KeywordTrigger = Extract<Trigger, { type: 'keyword' }>;

/** Who writes a word of an automation is let in, as a new contact if need be. Consent is another matter. */
export function createAutomationKeywords(deps: EnterDeps & { hashKey: KeyObject }): InboundHandler {
  const { db, hashKey } = deps;
  return {
    name: 'automation',
    async handle({ trx, message, owner, takenBy, now }) {
      if (takenBy !== null) return null;
      const rows = await selectAll(trx)
        .where('a.project_id', '=', owner.project)
        .where('a.mode', '=', owner.mode)
        .where('a.status', '=', 'active')
        .orderBy('a.id')
        .execute();
      const said = normalizeReply(message.text);
      const meant = rows
        .map(toAutomation)
        .filter(({ definition: { trigger } }) => trigger.type === 'keyword' && fits(trigger, said, message.recipient));
      if (meant.length === 0) return null;
      const address = { kind: KIND_OF[message.channel as Channel], address: message.sender };
      const contact = await findOrCreateByAddress(trx, { dialect: db.dialect, hashKey }, owner, address, now);
      if (!contact) return null;
      const entry = {
        ...{ contactId: contact.id, key: `message ${message.id}`, cause: 'keyword' as const },
        data: { message_id: message.id },
      };
      for (const automation of meant) await enterIn(trx, deps, toOpen(automation), [entry], now);
      const [first] = meant;
      return { takes: true, ...(first && { data: { automation_id: first.row.id } }) };
    },
  };
}

function fits({ keywords, match = 'exact', number }: KeywordTrigger, said: string, recipient: string): boolean {
  if (number !== undefined && senderKey(number) !== senderKey(recipient)) return false;
  return keywords
    .map(normalizeReply)
    .some((word) => said === word || (match === 'first' && said.startsWith(`${word} `)));
}
