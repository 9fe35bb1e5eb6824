import type { Language } from './code-text.ts';
import type { Show } from './show.ts';
import type { Wording } from './wording.ts';

/** A text of ours with its values. */
export interface Line {
  text: string;
  values: Readonly<Record<string, string>>;
}

/** In one pass: what a value says is never looked at again. `prepare` is for the text around the values. */
export function renderLine({ text, values }: Line, show: Show, prepare = (literal: string) => literal): string {
  return prepare(text).replace(/\{(\w+)\}/g, (_, name: string) => show(values[name] ?? '', name));
}

/** What the code is bound to, amount and payee first. */
export function contextLines(context: Record<string, string> | null, wording: Wording): Line[] {
  const { amount, currency, payee, ...rest } = context ?? {};
  const lines: Line[] = [];
  const sum = [amount, currency].filter(Boolean).join(' ');
  if (sum) lines.push({ text: wording.amount, values: { amount: sum } });
  if (payee) lines.push({ text: wording.payee, values: { payee } });
  for (const [name, value] of Object.entries(rest)) {
    lines.push({ text: `${plainName(name)}: {value}`, values: { value } });
  }
  return lines;
}

const plainName = (name: string) => name.replace(/[^A-Za-z0-9]+/g, ' ').trim();

const GRACE_SECONDS = 5;

/** Never promises more than the code has, but for the seconds that the send itself took. */
export function minutesOf(validitySeconds: number): number {
  return Math.max(1, Math.floor((validitySeconds + GRACE_SECONDS) / 60));
}

/** A hundred kilobytes each: made for the languages in use only. */
const plurals = new Map<string, Intl.PluralRules>();

/** How long the code lives, in the form that the number wants. */
export function expiryLine({ name, wording }: Language, validitySeconds: number): Line {
  const minutes = minutesOf(validitySeconds);
  const rules = plurals.get(name) ?? new Intl.PluralRules(name);
  plurals.set(name, rules);
  return {
    text: wording.expires[rules.select(minutes)] ?? wording.expires.other,
    values: { minutes: String(minutes) },
  };
}
