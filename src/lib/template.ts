import { nearestName } from './nearest-name.ts';
import { cleanText } from './text/clean.ts';

export interface TemplateRules {
  /** The names a template may use. */
  variables: readonly string[];
  /** Those it must use, such as the code of a code message. */
  required?: readonly string[];
  /** Of the template and of what it renders, in UTF-16 units. */
  maxLength?: number;
  /** Of each value. */
  maxValueLength?: number;
}

export interface TemplateError {
  message: string;
  /** From 1; columns are code points. */
  line: number;
  column: number;
  /** What to write instead. */
  suggestion?: string;
}

export interface ValueError {
  /** Null when it is about the text as a whole. */
  variable: string | null;
  message: string;
}

export interface Template {
  /** Those it uses, by first appearance. */
  variables: readonly string[];
  /**
   * Values go in as they are: one line of visible text each, nothing in them interpreted. `show` may put marks around
   * them that values themselves may not bring.
   */
  render(values: Readonly<Record<string, string>>, show?: (value: string, variable: string) => string): Rendered;
}

export type ParsedTemplate = { kind: 'ok'; template: Template } | { kind: 'invalid'; errors: TemplateError[] };
export type Rendered = { kind: 'ok'; text: string } | { kind: 'invalid'; errors: ValueError[] };

/** A text, or the name of a variable. */
type Piece = string | { variable: string };

interface Found {
  message: string;
  index: number;
  suggestion?: string;
}

export const VARIABLE_NAME = /^[a-z][a-z0-9_]{0,39}$/;
export const MAX_VALUE_LENGTH = 255;
const DEFAULT_MAX_LENGTH = 1600;
const MAX_ERRORS = 20;

/** A tag; a mark that belongs to none; or a name in single braces, which other template languages have for a tag. */
const MARK = /\{\{([^{}]*)\}\}|\{\{|\}\}|\{ *([A-Za-z]\w*) *\}/g;

/** What stands in a tag: a name, with spaces around it. */
const TAGGED_NAME = /^ *(\w+) *$/;

/** All but line feeds; lone surrogates; characters that change the order in which the rest is shown. */
const FORBIDDEN = /[[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e]--\n]/gv;

/**
 * `{{name}}` and nothing else: no expressions, no filters, no way to call anything. Whatever could be a slip of the
 * pen is an error here rather than a surprise on a phone.
 */
export function parseTemplate(text: string, rules: TemplateRules): ParsedTemplate {
  const { variables, required = [], maxLength = DEFAULT_MAX_LENGTH, maxValueLength = MAX_VALUE_LENGTH } = rules;
  const source = text.replaceAll('\r\n', '\n');
  if (source.length > maxLength) {
    return invalid(source, [{ message: `is longer than ${maxLength} characters`, index: maxLength }]);
  }
  const { pieces, wrong } = cut(source, variables);
  const used = [...new Set(pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.variable])))];
  const missing = required
    .filter((name) => !used.includes(name))
    .map((name) => ({ message: `{{${name}}} is missing`, index: source.length }));
  const found = [...checkCharacters(source), ...wrong, ...missing];
  if (found.length > 0) return invalid(source, found);
  const renderPieces = (values: Readonly<Record<string, string>>, show = (value: string, _: string) => value) =>
    render(pieces, used, values, show, { maxLength, maxValueLength });
  return { kind: 'ok', template: { variables: used, render: renderPieces } };
}

function checkCharacters(source: string): Found[] {
  if (source.trim() === '') return [{ message: 'is empty', index: 0 }];
  return Array.from(source.matchAll(FORBIDDEN), ({ 0: character, index }) => ({
    message: `${codePoint(character)} cannot be sent in a text`,
    index,
  }));
}

function cut(source: string, variables: readonly string[]): { pieces: Piece[]; wrong: Found[] } {
  const pieces: Piece[] = [];
  const wrong: Found[] = [];
  let from = 0;
  for (const match of source.matchAll(MARK)) {
    const [mark, tag] = match;
    const found = checkMark(match, variables);
    if (found !== null) wrong.push({ ...found, index: match.index });
    else if (tag !== undefined) {
      pieces.push(source.slice(from, match.index), { variable: tag.replaceAll(' ', '') });
      from = match.index + mark.length;
    }
  }
  pieces.push(source.slice(from));
  return { pieces, wrong };
}

function checkMark(match: RegExpExecArray, variables: readonly string[]): Omit<Found, 'index'> | null {
  const [mark, tag, inSingleBraces] = match;
  if (inSingleBraces !== undefined) {
    if (!variables.includes(inSingleBraces)) return null;
    return { message: 'a variable stands between two braces on each side', suggestion: `{{${inSingleBraces}}}` };
  }
  if (tag === undefined) {
    return { message: mark === '{{' ? '{{ has no }} behind it' : '}} has no {{ before it' };
  }
  const name = TAGGED_NAME.exec(tag)?.[1];
  if (name !== undefined && VARIABLE_NAME.test(name) && variables.includes(name)) return null;
  const nearest = nearestName(tag, variables);
  return {
    message:
      name === undefined
        ? 'only the name of a variable may stand between {{ and }}'
        : `there is no variable ${name.slice(0, 40)}`,
    ...(nearest !== undefined && { suggestion: `{{${nearest}}}` }),
  };
}

function render(
  pieces: readonly Piece[],
  used: readonly string[],
  values: Readonly<Record<string, string>>,
  show: (value: string, variable: string) => string,
  { maxLength, maxValueLength }: { maxLength: number; maxValueLength: number },
): Rendered {
  const errors: ValueError[] = [];
  const cleaned = new Map<string, string>();
  for (const variable of used) {
    const value = Object.hasOwn(values, variable) ? values[variable] : undefined;
    if (value === undefined) errors.push({ variable, message: 'has no value' });
    else if (value.length > maxValueLength) {
      errors.push({ variable, message: `is longer than ${maxValueLength} characters` });
    } else cleaned.set(variable, show(cleanText(value), variable));
  }
  if (errors.length > 0) return { kind: 'invalid', errors };
  const text = pieces.map((piece) => (typeof piece === 'string' ? piece : cleaned.get(piece.variable))).join('');
  if (text.length <= maxLength) return { kind: 'ok', text };
  return { kind: 'invalid', errors: [{ variable: null, message: `is longer than ${maxLength} characters` }] };
}

function invalid(source: string, found: Found[]): ParsedTemplate {
  const first = found.sort((a, b) => a.index - b.index).slice(0, MAX_ERRORS);
  return { kind: 'invalid', errors: first.map(({ index, ...error }) => ({ ...error, ...placeOf(source, index) })) };
}

function placeOf(source: string, index: number): { line: number; column: number } {
  const lines = source.slice(0, index).split('\n');
  return { line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1 };
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
