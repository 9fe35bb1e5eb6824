import { matchLocale } from '../../delivery/wording/match-locale.ts';
import type { Channel } from '../../lib/channels.ts';
import type { FieldError } from '../../lib/errors.ts';
import type { Rendered, Template } from '../../lib/template.ts';
import { type CompiledTemplate, type CompiledVariant, showEscaped, suggest } from './compile-template.ts';
import { formatValue } from './format-value.ts';
import type { RenderedMessage, Values } from './template.ts';

export interface RenderRequest {
  channel: Channel;
  /** BCP 47; default: the template's own. */
  locale?: string | undefined;
  variables: Values;
}

export type RenderResult = { kind: 'ok'; message: RenderedMessage } | { kind: 'invalid'; errors: FieldError[] };

/**
 * Pure, and as fast as joining strings. The locale is the best the channel has words in (fr-CA → fr), else the default
 * one. Every variable that the words need must be there, in its type, and none that the template does not know; errors
 * point below `/variables`.
 */
export function renderTemplate(
  compiled: CompiledTemplate,
  { channel, locale, variables }: RenderRequest,
): RenderResult {
  const chosen = chooseLocale(compiled, channel, locale);
  const variant = compiled.variant(channel, chosen);
  if (!variant) {
    return { kind: 'invalid', errors: [{ pointer: '/channel', message: `the template has no words for ${channel}` }] };
  }
  const { values, errors } = readValues(compiled, variant, variables, chosen);
  if (errors.length > 0) return { kind: 'invalid', errors };
  return renderVariant(variant, { channel, locale: chosen }, values);
}

function chooseLocale(compiled: CompiledTemplate, channel: Channel, locale: string | undefined): string {
  if (locale === undefined) return compiled.defaultLocale;
  const { name } = matchLocale(locale, (one) => compiled.has(channel, one));
  return compiled.has(channel, name) && name !== 'en' ? name : matchedEnglish(compiled, channel, locale);
}

/** English is what nothing matched, or what was asked for. */
function matchedEnglish(compiled: CompiledTemplate, channel: Channel, locale: string): string {
  return /^en(-|$)/i.test(locale) && compiled.has(channel, 'en') ? 'en' : compiled.defaultLocale;
}

function readValues(compiled: CompiledTemplate, variant: CompiledVariant, given: Values, locale: string) {
  const errors: FieldError[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(given)) {
    if (compiled.variables.has(name)) continue;
    const hint = suggest(name, [...compiled.variables.keys()]);
    errors.push({ pointer: `/variables/${name}`, message: `is no variable of the template${hint}` });
  }
  for (const [name, variable] of compiled.variables) {
    const value = Object.hasOwn(given, name) ? given[name] : variable.default;
    if (value === undefined) {
      if (variant.variables.includes(name)) errors.push({ pointer: `/variables/${name}`, message: 'is required' });
      continue;
    }
    const formatted = formatValue(variable, value, locale);
    if (formatted.kind === 'ok') values[name] = formatted.text;
    else errors.push({ pointer: `/variables/${name}`, message: formatted.message });
  }
  return { values, errors };
}

function renderVariant(
  variant: CompiledVariant,
  place: { channel: Channel; locale: string },
  values: Readonly<Record<string, string>>,
): RenderResult {
  const errors: FieldError[] = [];
  const take = (rendered: Rendered): string => {
    if (rendered.kind === 'ok') return rendered.text;
    for (const { variable, message } of rendered.errors) {
      errors.push({ pointer: variable === null ? '/variables' : `/variables/${variable}`, message });
    }
    return '';
  };
  const say = (template: Template) => take(template.render(values, variant.show));
  const { subject, html, whatsapp } = variant;
  const message: RenderedMessage = {
    ...place,
    text: say(variant.text),
    ...(subject && { subject: say(subject) }),
    ...(html && { html: take(html.render(values, showEscaped)) }),
    ...(whatsapp && { whatsapp: { ...whatsapp, parameters: whatsapp.parameters.map(say) } }),
  };
  return errors.length > 0 ? { kind: 'invalid', errors } : { kind: 'ok', message };
}
