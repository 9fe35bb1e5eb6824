import type { Database } from '../../db/open.ts';
import type { Channel } from '../../lib/channels.ts';
import { toSaid, writeOptIn, writeOptOut, writeSaid } from '../consent/opt.ts';
import { readSettings } from '../consent/settings.ts';
import { createConsentStatements } from '../consent/statements.ts';
import type { AutoReply, Handled, InboundHandler, InboundTurn } from './inbound.ts';
import type { KeywordAction } from './keyword.ts';
import { matchKeyword } from './keywords-table.ts';
import { runIn } from './run-in.ts';
import { beginSurvey } from './survey-handler.ts';
import { toTemplateReply } from './template-reply.ts';

/** Kept with a message that is to be answered by a person. */
export const CONVERSATION = 'conversation';

/** Rules of the project, by what was written. */
export function createKeywordHandler(db: Database): InboundHandler {
  const statements = createConsentStatements(db);

  async function act(turn: InboundTurn, action: KeywordAction, keywordId: string): Promise<AutoReply | null> {
    switch (action.type) {
      case 'survey':
        return said(await beginSurvey(turn, action.survey, keywordId));
      case 'opt_in':
        await optIn(turn);
        return said(action.text);
      case 'opt_out':
        await optOut(turn);
        return said(action.text);
      case 'reply':
        return 'template' in action ? toTemplateReply(turn.trx, turn.owner, turn.who, action) : said(action.text);
      default:
        return said(action.text);
    }
  }

  async function optIn(turn: InboundTurn): Promise<void> {
    const reply = toReply(turn);
    const batch = runIn(turn.trx);
    const channel = reply.inbound.channel as Channel;
    await writeOptIn(db, statements, batch, turn.owner, reply);
    await writeSaid(statements, batch, turn.owner, reply, [toSaid(reply, channel, 'granted', false)]);
  }

  async function optOut(turn: InboundTurn): Promise<void> {
    const { stopScope } = await readSettings(turn.trx, turn.owner);
    await writeOptOut(db, statements, runIn(turn.trx), turn.owner, toReply(turn), stopScope);
  }

  return {
    name: 'keyword',
    async handle(turn): Promise<Handled | null> {
      if (turn.takenBy !== null || turn.message.channel === 'voice') return null;
      const rule = await matchKeyword(turn.trx, turn.owner, turn.message.recipient, turn.message.text);
      if (!rule) return null;
      const action: KeywordAction = JSON.parse(rule.action);
      const reply = await act(turn, action, rule.id);
      return {
        // A person is to answer it.
        takes: action.type !== CONVERSATION,
        replies: reply === null ? [] : [reply],
        data: { keyword_id: rule.id, action: action.type },
      };
    },
  };
}

function toReply({ message: inbound, who, now: at }: InboundTurn) {
  return { inbound, who, read: { kind: 'yes' as const, languages: [], rule: 'keyword', certain: true }, at };
}

const said = (text: string | undefined): AutoReply | null => (text === undefined ? null : { text });
