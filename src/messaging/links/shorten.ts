import type { KeyObject } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSetStatement } from '../../db/row-set.ts';
import type { Shortener, ToShorten } from '../../delivery/messages/short-links.ts';
import { type LinkRow, linkIdOf, readTarget, shortUrlOf } from './link.ts';

export interface ShortenerDeps {
  db: Database;
  hashKey: KeyObject;
  /** Short URLs begin with it. */
  baseUrl: string;
  /** How long links lead somewhere. */
  days: number;
}

const DAY_MS = 86_400_000;
const MAX_LINKS = 20;
/** Up to a space or a quote; what ends the sentence is not part of it. */
const IN_TEXT = /https?:\/\/[^\s<>"'\u2068\u2069]*[^\s<>"'\u2068\u2069.,;:!?)\]}]/gi;
const IN_HTML = /(\bhref\s*=\s*)(["'])(https?:\/\/[^"'<>]+)\2/gi;

const COLUMNS = {
  id: 'text',
  project_id: 'text',
  mode: 'text',
  url: 'text',
  message_id: 'text',
  campaign_id: 'text',
  recipient_hash: 'text',
  recipient_masked: 'text',
  created_at: 'bigint',
  expires_at: 'bigint',
  clicks: 'bigint',
  human_clicks: 'bigint',
  visitors: 'bigint',
  first_click_at: 'bigint',
  last_click_at: 'bigint',
} as const satisfies Record<keyof LinkRow, 'text' | 'bigint'>;

export function createShortener({ db, hashKey, baseUrl, days }: ShortenerDeps): Shortener {
  const names = columnsOf(COLUMNS);
  const insert = rowSetStatement(
    db,
    COLUMNS,
    (rows) => sql`insert into links (${names}) select ${names} from ${rows} where true on conflict (id) do nothing`,
  );

  return {
    shorten(message, now) {
      const byUrl = new Map<string, LinkRow>();
      const short = (given: string): string => {
        if (given.startsWith(`${baseUrl}/`)) return given;
        const target = readTarget(given, message.utm);
        if (target.kind === 'invalid') return given;
        const known = byUrl.get(target.url);
        if (!known && byUrl.size === MAX_LINKS) return given;
        const row = known ?? newLink(message, linkIdOf(hashKey, message.messageId, byUrl.size), target.url, now, days);
        byUrl.set(target.url, row);
        return shortUrlOf(baseUrl, row.id);
      };
      const text = message.text.replace(IN_TEXT, short);
      const html = message.html?.replace(
        IN_HTML,
        (_, name: string, quote: string, url: string) => `${name}${quote}${short(unescapeHtml(url))}${quote}`,
      );
      const parameters = message.parameters?.map((value) => value.replace(IN_TEXT, short));
      const rows = [...byUrl.values()];
      return { text, ...(html !== undefined && { html }), ...(parameters && { parameters }), rows };
    },
    insert,
  };
}

type Owner = Omit<ToShorten, 'messageId' | 'text' | 'html' | 'parameters' | 'utm'> & { messageId: string | null };

function newLink(owner: Owner, id: string, url: string, now: number, days: number): LinkRow {
  return {
    id,
    project_id: owner.project,
    mode: owner.mode,
    url,
    message_id: owner.messageId,
    campaign_id: owner.campaignId,
    recipient_hash: owner.recipientHash,
    recipient_masked: owner.recipientMasked,
    created_at: now,
    expires_at: now + days * DAY_MS,
    ...{ clicks: 0, human_clicks: 0, visitors: 0, first_click_at: null, last_click_at: null },
  };
}

/** What our own escaping and common editors write. */
function unescapeHtml(url: string): string {
  return url.replace(/&(?:amp|#38|#x26);/gi, '&').replace(/&#39;/g, "'");
}
