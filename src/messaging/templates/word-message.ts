import type { MessageCaller, MessageInput } from '../../delivery/messages/create.ts';
import type { WordedMessage } from '../../delivery/messages/words.ts';
import type { FieldError } from '../../lib/errors.ts';
import { renderTemplate } from './render-template.ts';
import type { VersionStatus } from './template.ts';
import type { ReadyTemplate, TemplateReader } from './template-reader.ts';

/** Which messages go out in the words of an approved template only, as the policy says. */
export type ReviewRule = 'none' | 'marketing' | 'all';

/** Whether a message of this purpose needs reviewed words. */
export function needsReview(rule: ReviewRule, purpose: 'transactional' | 'marketing'): boolean {
  return rule === 'all' || (rule === 'marketing' && purpose === 'marketing');
}

/** The words of a message that names a template; one that brings its own goes through where it may. */
export function createWordMessage(reader: TemplateReader) {
  return async (caller: MessageCaller, input: MessageInput): Promise<WordedMessage> => {
    const { template: id, template_version: version, variables = {}, ...rest } = input;
    const reviewed = needsReview(caller.templateReview ?? 'none', input.purpose ?? 'transactional');
    if (id === undefined) {
      const stray = version === undefined ? input.variables && 'variables' : 'template_version';
      if (stray) return invalid(`/${stray}`, 'goes with a template');
      return reviewed
        ? forbidden('The project’s policy lets such messages out in an approved template only.')
        : own(rest);
    }
    for (const member of ['text', 'subject', 'recording'] as const) {
      if (input[member] !== undefined) return invalid(`/${member}`, 'is the template’s to say: give one of them');
    }
    const found = await reader.find(caller, id, version ?? null);
    if (!found)
      return invalid(version === undefined ? '/template' : '/template_version', 'there is none of this project');
    if (found.status === 'rejected') return forbidden(refusalOf(found));
    if (reviewed && found.status !== 'approved') return forbidden(refusalOf(found));
    const channel = input.channel ?? 'sms';
    const rendered = renderTemplate(found.compiled, { channel, locale: input.locale, variables });
    if (rendered.kind === 'invalid') return { kind: 'invalid_words', errors: rendered.errors };
    const { text, subject, html, whatsapp, locale } = rendered.message;
    const words = { text, locale, ...(subject !== undefined && { subject }) };
    return {
      kind: 'worded',
      input: { ...rest, ...words },
      extra: {
        template: { id, version: found.version },
        ...(html !== undefined && { html }),
        ...(whatsapp && { whatsapp }),
      },
    };
  };
}

const own = (input: MessageInput): WordedMessage => ({ kind: 'worded', input, extra: {} });

function invalid(pointer: string, message: string): WordedMessage {
  const errors: FieldError[] = [{ pointer, message }];
  return { kind: 'invalid_words', errors };
}

const forbidden = (detail: string): WordedMessage => ({ kind: 'forbidden', detail });

const STATES: Record<VersionStatus, string> = {
  draft: 'not submitted for review yet',
  submitted: 'not approved yet',
  approved: 'approved',
  rejected: 'rejected',
};

function refusalOf({ version, status }: ReadyTemplate): string {
  return `Version ${version} of the template is ${STATES[status]}.`;
}
