import { escapeHtml } from '../../delivery/wording/html-mail.ts';
import { canonicalTag, isRightToLeft } from '../../delivery/wording/match-locale.ts';
import { showIn, showPlain } from '../../delivery/wording/show.ts';
import { CHANNELS, type Channel } from '../../lib/channels.ts';
import type { FieldError } from '../../lib/errors.ts';
import { nearestName } from '../../lib/nearest-name.ts';
import { parseTemplate, type Template, type TemplateError } from '../../lib/template.ts';
import { checkHtml } from './check-html.ts';
import { formatValue, MAX_URL } from './format-value.ts';
import type { TemplateContent, Variable } from './template.ts';

/** One channel in one locale, ready to render. */
export interface CompiledVariant {
  /** How values are written into it. */
  show: (value: string, variable: string) => string;
  text: Template;
  subject: Template | null;
  html: Template | null;
  whatsapp: { name: string; language: string; parameters: readonly Template[] } | null;
  /** All that it needs. */
  variables: readonly string[];
}

/** A version, compiled once and rendered any number of times. */
export interface CompiledTemplate {
  defaultLocale: string;
  variables: ReadonlyMap<string, Variable>;
  has(channel: Channel, locale: string): boolean;
  /** The locale must be one that `has` says yes to. */
  variant(channel: Channel, locale: string): CompiledVariant | null;
}

export type CompileResult =
  | { kind: 'ok'; compiled: CompiledTemplate; content: TemplateContent }
  | { kind: 'invalid'; errors: FieldError[] };

const MAX_TEXT: Record<Channel, number> = { sms: 1_600, voice: 2_000, email: 10_000, whatsapp: 4_000, telegram: 4_000 };
const MAX_SUBJECT = 200;
const MAX_HTML = 60_000;
const MAX_PARAMETER = 1_000;

/** A version, ready to render, with its locales in canonical spelling; or everything that is wrong with it. */
export function compileTemplate(given: TemplateContent): CompileResult {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, message: string) => errors.push({ pointer, message });
  const content = withCanonicalLocales(given, refuse);
  const variables = new Map(Object.entries(content.variables));
  for (const [name, variable] of variables) {
    const problem = checkVariable(variable);
    if (problem) refuse(`/variables/${name}/${problem.member}`, problem.message);
  }
  const variants = new Map<string, CompiledVariant>();
  for (const [locale, channels] of Object.entries(content.locales)) {
    for (const channel of CHANNELS) {
      const variant = channels[channel];
      if (variant === undefined) continue;
      const pointer = `/locales/${locale}/${channel}`;
      variants.set(keyOf(channel, locale), compileVariant(channel, locale, variant, variables, pointer, refuse));
      if (content.locales[content.default_locale]?.[channel] === undefined) {
        refuse(pointer, `needs one in the default locale ${content.default_locale} too`);
      }
    }
  }
  if (!Object.hasOwn(content.locales, content.default_locale)) {
    refuse('/default_locale', 'has no words in locales');
  }
  if (variants.size === 0) refuse('/locales', 'has no words for any channel');
  const used = new Set([...variants.values()].flatMap((variant) => variant.variables));
  for (const name of variables.keys()) {
    if (errors.length === 0 && !used.has(name)) refuse(`/variables/${name}`, 'is used by no text');
  }
  if (errors.length > 0) return { kind: 'invalid', errors };
  const compiled: CompiledTemplate = {
    defaultLocale: content.default_locale,
    variables,
    has: (channel, locale) => variants.has(keyOf(channel, locale)),
    variant: (channel, locale) => variants.get(keyOf(channel, locale)) ?? null,
  };
  return { kind: 'ok', compiled, content };
}

type Refuse = (pointer: string, message: string) => void;

function withCanonicalLocales(given: TemplateContent, refuse: Refuse): TemplateContent {
  const canonical = (tag: string, pointer: string) => {
    const found = canonicalTag(tag);
    if (found === null || found === 'und') refuse(pointer, 'is not a language tag (BCP 47)');
    return found ?? tag;
  };
  const locales: TemplateContent['locales'] = {};
  for (const [tag, variants] of Object.entries(given.locales)) {
    const locale = canonical(tag, `/locales/${tag}`);
    if (Object.hasOwn(locales, locale)) refuse(`/locales/${tag}`, `is ${locale} in another spelling`);
    locales[locale] = variants;
  }
  return { ...given, default_locale: canonical(given.default_locale, '/default_locale'), locales };
}

function checkVariable(variable: Variable): { member: string; message: string } | null {
  if (variable.type === 'date' && variable.time_zone !== undefined && !isTimeZone(variable.time_zone)) {
    return { member: 'time_zone', message: 'is not a time zone (IANA)' };
  }
  if (variable.default === undefined) return null;
  const formatted = formatValue(variable, variable.default, 'en');
  return formatted.kind === 'ok' ? null : { member: 'default', message: formatted.message };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Never rendered: where a text is wrong, the whole is refused. */
const NOTHING: Template = { variables: [], render: () => ({ kind: 'invalid', errors: [] }) };

interface AnyVariant {
  text: string;
  subject?: string;
  html?: string;
  template?: { name: string; language: string; parameters: string[] };
}

function compileVariant(
  channel: Channel,
  locale: string,
  { text, subject, html, template }: AnyVariant,
  variables: ReadonlyMap<string, Variable>,
  pointer: string,
  refuse: Refuse,
): CompiledVariant {
  const names = [...variables.keys()];
  const compile = (member: string, source: string, maxLength: number): Template => {
    const parsed = parseTemplate(source, { variables: names, maxLength, maxValueLength: MAX_URL });
    if (parsed.kind === 'ok') return parsed.template;
    for (const error of parsed.errors) refuse(`${pointer}/${member}`, describe(error));
    return NOTHING;
  };
  if (subject !== undefined && /[\r\n]/.test(subject)) refuse(`${pointer}/subject`, 'is one line');
  for (const message of html === undefined ? [] : checkHtml(html, variables)) refuse(`${pointer}/html`, message);
  const parts = {
    text: compile('text', text, MAX_TEXT[channel]),
    subject: subject === undefined ? null : compile('subject', subject, MAX_SUBJECT),
    // Tabs are for whoever reads the source.
    html: html === undefined ? null : compile('html', html.replaceAll('\t', ' '), MAX_HTML),
    whatsapp: template
      ? {
          name: template.name,
          language: template.language,
          parameters: template.parameters.map((one, index) =>
            compile(`template/parameters/${index}`, one, MAX_PARAMETER),
          ),
        }
      : null,
  };
  const show = channel === 'voice' ? showPlain : showIn({ rtl: isRightToLeft(locale) });
  const all = [parts.text, parts.subject, parts.html, ...(parts.whatsapp?.parameters ?? [])];
  return {
    ...parts,
    // A mark behind a URL would become part of the link.
    show: (value, name) => (variables.get(name)?.type === 'url' ? value : show(value, name)),
    variables: [...new Set(all.flatMap((one) => one?.variables ?? []))],
  };
}

/** As `show` writes values into HTML, text and attributes in quotes alike. */
export function showEscaped(value: string): string {
  return escapeHtml(value);
}

function describe({ message, line, column, suggestion }: TemplateError): string {
  const hint = suggestion === undefined ? '' : `; write ${suggestion}`;
  return `line ${line}, column ${column}: ${message}${hint}`;
}

/** For a name that is none. */
export function suggest(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

const keyOf = (channel: Channel, locale: string) => `${channel} ${locale}`;
