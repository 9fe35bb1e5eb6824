import { hash } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { createProjectCache } from '../../db/project-cache.ts';
import type { CodeMessageTable, Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Now } from '../../lib/clock.ts';
import {
  type CodeTemplate,
  type CompiledTemplate,
  compileCodeTemplate,
  type TemplateChannel,
} from './code-template.ts';

export interface StoredTemplate extends CodeTemplate {
  updatedAt: number;
}

/** A project's templates, as this instance knows them. */
export interface ProjectTemplates {
  has(channel: string, locale: string): boolean;
  find(channel: string, locale: string): CompiledTemplate | null;
}

/** The templates of all projects: read from memory, at most five seconds old, written to the database. */
export interface CodeTemplates {
  /** Throws StoreUnavailable when the database does not answer and nothing is known of the project. */
  of(project: string): Promise<ProjectTemplates>;
  list(project: string): Promise<StoredTemplate[]>;
  /** False: the project has as many as it may have. */
  put(project: string, template: CodeTemplate, author: Actor): Promise<StoredTemplate | null>;
  /** False when there was none. */
  delete(project: string, channel: TemplateChannel, locale: string, author: Actor): Promise<boolean>;
}

export const MAX_TEMPLATES = 300;

export function createCodeTemplates({ db, now }: { db: Database; now: Now }): CodeTemplates {
  const cache = createProjectCache({
    load: async (project) => toProjectTemplates(await list(db.kysely, project)),
    now,
  });

  return {
    of: cache.get,
    list: (project) => list(db.kysely, project),
    async put(project, template, author) {
      const stored = { ...template, updatedAt: now() };
      const row = toRow(project, stored);
      const { channel, locale } = template;
      const taken = await writeTransaction(db, { durable: true }, async (trx) => {
        const before = await find(trx, project, template);
        if (!before && (await count(trx, project)) >= MAX_TEMPLATES) return false;
        await trx
          .insertInto('code_messages')
          .values(row)
          .onConflict((conflict) => conflict.columns(['project_id', 'channel', 'locale']).doUpdateSet(row))
          .execute();
        const data = {
          channel,
          locale,
          digest: digestOf(template),
          digest_before: before && digestOf(toTemplate(before)),
        };
        await insertEvents(trx, [adminEvent('code_message.updated', project, author, stored.updatedAt, data)]);
        return true;
      });
      cache.forget(project);
      return taken ? stored : null;
    },
    async delete(project, channel, locale, author) {
      const isDeleted = await writeTransaction(db, { durable: true }, async (trx) => {
        const deleted = await trx
          .deleteFrom('code_messages')
          .where('project_id', '=', project)
          .where('channel', '=', channel)
          .where('locale', '=', locale)
          .returningAll()
          .executeTakeFirst();
        if (!deleted) return false;
        const data = { channel, locale, digest_before: digestOf(toTemplate(deleted)) };
        await insertEvents(trx, [adminEvent('code_message.deleted', project, author, now(), data)]);
        return true;
      });
      cache.forget(project);
      return isDeleted;
    },
  };
}

/** Compiled when first used: of many languages few are in use. */
function toProjectTemplates(stored: readonly StoredTemplate[]): ProjectTemplates {
  const sources = new Map(stored.map((template) => [keyOf(template.channel, template.locale), template]));
  const compiled = new Map<string, CompiledTemplate | null>();
  return {
    has: (channel, locale) => sources.has(keyOf(channel, locale)),
    find(channel, locale) {
      const key = keyOf(channel, locale);
      const source = sources.get(key);
      if (!source) return null;
      const known = compiled.get(key);
      if (known !== undefined) return known;
      const result = compileCodeTemplate(source);
      const template = result.kind === 'ok' ? result.template : null;
      compiled.set(key, template);
      return template;
    },
  };
}

const keyOf = (channel: string, locale: string) => `${channel} ${locale}`;

async function list(db: Kysely<Schema>, project: string): Promise<StoredTemplate[]> {
  const rows = await db
    .selectFrom('code_messages')
    .selectAll()
    .where('project_id', '=', project)
    .orderBy('channel')
    .orderBy('locale')
    .execute();
  return rows.map(toTemplate);
}

async function find(trx: Transaction<Schema>, project: string, { channel, locale }: CodeTemplate) {
  const row = await trx
    .selectFrom('code_messages')
    .selectAll()
    .where('project_id', '=', project)
    .where('channel', '=', channel)
    .where('locale', '=', locale)
    .executeTakeFirst();
  return row ?? null;
}

async function count(trx: Transaction<Schema>, project: string): Promise<number> {
  const row = await trx
    .selectFrom('code_messages')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('project_id', '=', project)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Shows later which words were in force without repeating them. */
function digestOf({ channel, locale, text, subject, confirm, confirmSubject, context }: CodeTemplate): string {
  const words = { channel, locale, text, subject, confirm, confirmSubject, context };
  return hash('sha256', canonicalJson(words), 'base64url');
}

function toTemplate(row: Selectable<CodeMessageTable>): StoredTemplate {
  return {
    channel: row.channel as TemplateChannel,
    locale: row.locale,
    text: row.text,
    subject: row.subject,
    confirm: row.confirm,
    confirmSubject: row.confirm_subject,
    context: JSON.parse(row.context),
    updatedAt: row.updated_at,
  };
}

function toRow(project: string, template: StoredTemplate): Selectable<CodeMessageTable> {
  return {
    project_id: project,
    channel: template.channel,
    locale: template.locale,
    text: template.text,
    subject: template.subject,
    confirm: template.confirm,
    confirm_subject: template.confirmSubject,
    context: JSON.stringify(template.context),
    updated_at: template.updatedAt,
  };
}
