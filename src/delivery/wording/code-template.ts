import type { FieldError } from '../../lib/errors.ts';
import { parseTemplate, type Template, type TemplateError, type TemplateRules } from '../../lib/template.ts';
import { BOUND_LINE } from './bind-sms.ts';
import { escapeHtml } from './html-mail.ts';

/** The channels a project may word by itself; on others the carrier's own templates speak. */
export const TEMPLATE_CHANNELS = ['sms', 'voice', 'email'] as const;
export type TemplateChannel = (typeof TEMPLATE_CHANNELS)[number];

/** A project's own words for a code, in one language of one channel. */
export interface CodeTemplate {
  channel: TemplateChannel;
  /** In canonical form. */
  locale: string;
  text: string;
  /** E-mail only; without it the subject is ours. */
  subject: string | null;
  /** For a code that is bound to a context; without it the words are ours. */
  confirm: string | null;
  confirmSubject: string | null;
  /** Members of the context that `confirm` may show, apart from amount, currency and payee. */
  context: readonly string[];
}

export interface CompiledTemplate {
  channel: TemplateChannel;
  plain: CompiledText;
  confirm: CompiledText | null;
}

export interface CompiledText {
  body: Template;
  /** E-mail: the same with its own text escaped. */
  html: Template | null;
  subject: Template | null;
}

export type CompiledResult = { kind: 'ok'; template: CompiledTemplate } | { kind: 'invalid'; errors: FieldError[] };

export const PLAIN_VARIABLES = ['code', 'brand', 'minutes'] as const;
const BOUND_VARIABLES = ['amount', 'currency', 'payee'] as const;
const MAX_RENDERED: Record<TemplateChannel, number> = { sms: 1_600, voice: 2_000, email: 8_000 };
const MAX_SUBJECT = 200;
/** Each character can become six. */
const ESCAPED = 6;

/** Never rendered: where a template is wrong, the whole is refused. */
const NOTHING: Template = { variables: [], render: () => ({ kind: 'invalid', errors: [] }) };

/** A code's template, ready to render; or everything that is wrong with it. */
export function compileCodeTemplate(template: CodeTemplate): CompiledResult {
  const { channel, text, subject, confirm, confirmSubject } = template;
  const errors: FieldError[] = [];
  const refuse = (pointer: string, ...messages: string[]) => {
    errors.push(...messages.map((message) => ({ pointer, message })));
  };
  const compile = (pointer: string, source: string, rules: TemplateRules): Template => {
    const parsed = parseTemplate(source, rules);
    if (parsed.kind === 'ok') return parsed.template;
    refuse(pointer, ...parsed.errors.map(describe));
    return NOTHING;
  };
  const compileText = (name: 'text' | 'confirm', body: string, about: string | null, variables: readonly string[]) => {
    const rules = { variables, required: ['code'], maxLength: MAX_RENDERED[channel] };
    const compiled: CompiledText = {
      body: compile(`/${name}`, body, rules),
      html: null,
      subject: about === null ? null : compileSubject(name === 'text' ? '/subject' : '/confirm_subject', about),
    };
    if (channel === 'sms') refuse(`/${name}`, ...checkSms(body));
    if (channel === 'email' && errors.length === 0) {
      compiled.html = compile(`/${name}`, escapeHtml(body), { ...rules, maxLength: rules.maxLength * ESCAPED });
    }
    return compiled;
  };
  const compileSubject = (pointer: string, source: string): Template => {
    if (channel !== 'email') refuse(pointer, 'is for e-mail');
    if (/[\r\n]/.test(source)) refuse(pointer, 'is one line');
    // Shown on locked screens and written into logs: no code in it.
    return compile(pointer, source, { variables: ['brand'], maxLength: MAX_SUBJECT });
  };

  const bound = [...BOUND_VARIABLES, ...template.context];
  const plain = compileText('text', text, subject, PLAIN_VARIABLES);
  const confirming =
    confirm === null ? null : compileText('confirm', confirm, confirmSubject, [...PLAIN_VARIABLES, ...bound]);
  if (confirming && confirming.body !== NOTHING && !confirming.body.variables.some((name) => bound.includes(name))) {
    refuse('/confirm', 'shows nothing of what the code is bound to');
  }
  if (!confirming && confirmSubject !== null) refuse('/confirm_subject', 'goes with confirm');
  const taken = template.context.filter((name) =>
    [...PLAIN_VARIABLES, ...BOUND_VARIABLES].some((known) => known === name),
  );
  if (taken.length > 0) refuse('/context_variables', `${taken.join(', ')}: known without being named`);
  return errors.length > 0
    ? { kind: 'invalid', errors }
    : { kind: 'ok', template: { channel, plain, confirm: confirming } };
}

function describe({ message, line, column, suggestion }: TemplateError): string {
  const hint = suggestion === undefined ? '' : `; write ${suggestion}`;
  return `line ${line}, column ${column}: ${message}${hint}`;
}

const CODE = /\{\{ *code *\}\}/g;

/** What would keep a telephone from finding the code, or let it find another one. */
function checkSms(source: string): string[] {
  const messages: string[] = [];
  if ((source.match(CODE) ?? []).length > 1) messages.push('shows the code more than once');
  const [before = '', after] = source.split(CODE);
  if (after !== undefined && (/[A-Za-z0-9_}]$/.test(before) || /^[A-Za-z0-9_{]/.test(after))) {
    messages.push('the code needs a space or a sign on either side');
  }
  if (BOUND_LINE.test(source)) messages.push('the line @host #code is appended where the origin is verified');
  return messages;
}
