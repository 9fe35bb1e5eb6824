import { type CountryCode, getCountryCallingCode, isSupportedCountry } from 'libphonenumber-js/max';
import type { FieldError } from '../../lib/errors.ts';
import { CONDITIONS, type Condition, listOf, type TableRule } from './table-schema.ts';

/** Rules that no message can reach: they contradict themselves, or one above them takes all they would take. */
export function findUnreachable(rules: readonly TableRule[]): FieldError[] {
  return rules.flatMap((rule, at) => {
    const contradiction = contradictionOf(rule);
    if (contradiction) return [{ pointer: `/rules/${at}/when`, message: contradiction }];
    const above = rules.slice(0, at).find((other) => covers(other, rule));
    if (!above) return [];
    const message = `can never match: rule ${above.name} above it takes every message that fits; move it up or take it out`;
    return [{ pointer: `/rules/${at}/when`, message }];
  });
}

function contradictionOf({ when }: TableRule): string | null {
  const channels = listOf(when.channel);
  const ofNumbers = (['country', 'prefix', 'mcc_mnc'] as const).filter((condition) => when[condition] !== undefined);
  if (channels?.every((channel) => channel === 'email') && ofNumbers.length > 0) {
    return `can never match: e-mail addresses have no ${ofNumbers.join(' or ')}; take it out`;
  }
  const countries = listOf(when.country);
  const prefixes = listOf(when.prefix);
  if (!countries || !prefixes) return null;
  const agree = countries.some((country) => prefixes.some((prefix) => mayBegin(country, prefix)));
  return agree ? null : `can never match: numbers of ${countries.join(', ')} do not begin with ${prefixes.join(', ')}`;
}

function mayBegin(country: string, prefix: string): boolean {
  if (!isSupportedCountry(country)) return true;
  const calling = `+${getCountryCallingCode(country as CountryCode)}`;
  return prefix.startsWith(calling) || calling.startsWith(prefix);
}

/** Every message that fits the second rule fits the first. */
function covers(first: TableRule, second: TableRule): boolean {
  return CONDITIONS.every((condition) => {
    const wide = listOf<string>(first.when[condition]);
    if (!wide) return true;
    const narrow = listOf<string>(second.when[condition]);
    return narrow?.every((value) => wide.some((other) => includes(condition, other, value))) ?? false;
  });
}

function includes(condition: Condition, wide: string, narrow: string): boolean {
  if (condition === 'prefix') return narrow.startsWith(wide);
  // Three digits stand for all networks of a country.
  if (condition === 'mcc_mnc') return wide === narrow || (wide.length === 3 && narrow.startsWith(wide));
  return wide === narrow;
}
