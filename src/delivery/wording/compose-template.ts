import type { Rendered, Template } from '../../lib/template.ts';
import { bindSms } from './bind-sms.ts';
import { type CompiledTemplate, type CompiledText, PLAIN_VARIABLES } from './code-template.ts';
import type { CodeText, ComposedCode, Language } from './code-text.ts';
import { subjectOf } from './compose-email.ts';
import { showSpoken, toScript } from './compose-script.ts';
import { showInHtml, toHtmlMail } from './html-mail.ts';
import { minutesOf } from './line.ts';
import { isRightToLeft } from './match-locale.ts';
import { type Show, showIn } from './show.ts';

export type FromTemplate =
  | { kind: 'ok'; composed: ComposedCode; hashLeftOut: boolean }
  | { kind: 'unsuitable'; why: Unsuitable };

/** Why a message is not in the project's words. */
export const UNSUITABLE = ['template_has_no_confirm', 'template_shows_not_all_context', 'values_do_not_fit'] as const;
export type Unsuitable = (typeof UNSUITABLE)[number];

/**
 * A code message in the project's words, as far as they fit: what the code is bound to is shown whole, in the project's
 * words or else in ours.
 */
export function composeFromTemplate(message: CodeText, template: CompiledTemplate, language: Language): FromTemplate {
  const bound = Object.entries(message.context ?? {}).filter(([, value]) => value !== '');
  const compiled = bound.length > 0 ? template.confirm : template.plain;
  if (!compiled) return { kind: 'unsuitable', why: 'template_has_no_confirm' };
  if (bound.some(([name]) => OURS.has(name) || !compiled.body.variables.includes(name))) {
    return { kind: 'unsuitable', why: 'template_shows_not_all_context' };
  }
  const { code, brand, validitySeconds } = message;
  const values = { ...message.context, code, brand, minutes: String(minutesOf(validitySeconds)) };
  return channels[template.channel]({ message, compiled, language, values });
}

/** A member of the context by one of these names has no place in a template. */
const OURS: ReadonlySet<string> = new Set(PLAIN_VARIABLES);

interface Parts {
  message: CodeText;
  compiled: CompiledText;
  language: Language;
  values: Readonly<Record<string, string>>;
}

const channels: Record<CompiledTemplate['channel'], (parts: Parts) => FromTemplate> = {
  sms({ message, compiled, language, values }) {
    const text = render(compiled.body, values, showIn({ rtl: isRightToLeft(language.tag) }));
    if (text === null) return WRONG_VALUES;
    const { text: bound, hashLeftOut } = bindSms([text], [], message);
    return { kind: 'ok', composed: { text: bound, locale: language.tag }, hashLeftOut };
  },
  voice({ message, compiled, language, values }) {
    const text = render(compiled.body, values, showSpoken);
    if (text === null) return WRONG_VALUES;
    return { kind: 'ok', composed: toScript(text, message, language), hashLeftOut: false };
  },
  email({ message, compiled, language, values }) {
    const { tag: locale } = language;
    const rtl = isRightToLeft(locale);
    const show = showIn({ rtl });
    const text = render(compiled.body, values, show);
    const body = compiled.html && render(compiled.html, values, showInHtml);
    const subject = compiled.subject ? render(compiled.subject, values, show) : subjectOf(message, language);
    if (text === null || body === null || subject === null) return WRONG_VALUES;
    const html = toHtmlMail({ locale, rtl, subject, body });
    return { kind: 'ok', composed: { text, locale, subject, html }, hashLeftOut: false };
  },
};

const WRONG_VALUES: FromTemplate = { kind: 'unsuitable', why: 'values_do_not_fit' };

function render(template: Template, values: Readonly<Record<string, string>>, show: Show): string | null {
  const rendered: Rendered = template.render(values, show);
  return rendered.kind === 'ok' ? rendered.text : null;
}
