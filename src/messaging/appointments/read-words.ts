import type { FieldError } from '../../lib/errors.ts';
import type { AppointmentWords } from './appointment.ts';

export type Read<T> = { kind: 'ok'; value: T } | { kind: 'invalid'; errors: FieldError[] };

export function invalid(pointer: string, message: string): { kind: 'invalid'; errors: FieldError[] } {
  return { kind: 'invalid', errors: [{ pointer, message }] };
}

/** What is said: a text, or a template; what goes with the other is not kept. */
export function readWordsOf({ text, subject, template, ...rest }: AppointmentWords): Read<AppointmentWords> {
  const { template_version, variables, shorten_links } = rest;
  const common = shorten_links === undefined ? {} : { shorten_links };
  if (text !== undefined && template === undefined) {
    if ((variables ?? template_version) !== undefined) return invalid('/variables', 'go with a template');
    return { kind: 'ok', value: { ...common, text, ...(subject !== undefined && { subject }) } };
  }
  if (text !== undefined || template === undefined) return invalid('/text', 'or template: one of them');
  if (subject !== undefined) return invalid('/subject', 'is the template’s to say');
  const version = template_version === undefined ? {} : { template_version };
  return { kind: 'ok', value: { ...common, ...version, template, ...(variables && { variables }) } };
}

/** A text takes the place of a template, and a template that of a text; a template's version is its own. */
export function changeWords(before: AppointmentWords, change: AppointmentWords): Read<AppointmentWords> {
  const { text, subject, template, template_version, variables, ...others } = before;
  if (change.text !== undefined)
    return readWordsOf({ ...others, ...(subject !== undefined && { subject }), ...change });
  if (change.template !== undefined) return readWordsOf({ ...others, ...(variables && { variables }), ...change });
  return readWordsOf({ ...before, ...change });
}
