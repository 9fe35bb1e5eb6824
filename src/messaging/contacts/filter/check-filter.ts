import type { FieldError } from '../../../lib/errors.ts';
import { type Attributes, checkAttribute } from '../attributes.ts';
import { ADDRESS_KINDS } from '../contact.ts';
import { isTimeZone } from '../time-zone.ts';
import { EVENT_NAMES } from './event-sources.ts';
import { type Filter, MAX_CONDITIONS, MAX_DAYS, MAX_DEPTH, MAX_VALUES, OPS } from './filter.ts';

type Node = Record<string, unknown>;
type Fail = (pointer: string, message: string) => undefined;

export type CheckedFilter = { filter: Filter } | { errors: FieldError[] };

const MAX_ERRORS = 20;

/** What a stranger wrote, as a filter, or everything that is wrong with it. */
export function checkFilter(value: unknown, attributes: Attributes, pointer = '/filter'): CheckedFilter {
  const errors: FieldError[] = [];
  const fail: Fail = (at, message) => {
    if (errors.length < MAX_ERRORS) errors.push({ pointer: at, message });
  };
  let conditions = 0;

  function check(node: unknown, at: string, depth: number): undefined {
    conditions += 1;
    if (conditions > MAX_CONDITIONS) return;
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return fail(at, 'must be an object');
    if (depth > MAX_DEPTH) return fail(at, `nests deeper than ${MAX_DEPTH} levels`);
    const own = node as Node;
    const kind = Object.keys(KINDS).find((name) => Object.hasOwn(own, name));
    if (kind === undefined) return fail(at, `must have one of ${Object.keys(KINDS).join(', ')}`);
    const allowed = KINDS[kind] ?? [];
    for (const name of Object.keys(own)) {
      if (name !== kind && !allowed.includes(name)) fail(`${at}/${escapeName(name)}`, 'is not a known field');
    }
    if (kind === 'all' || kind === 'any') {
      const parts = own[kind];
      if (!Array.isArray(parts) || parts.length === 0) return fail(`${at}/${kind}`, 'must be a list of conditions');
      for (const [index, part] of parts.entries()) check(part, `${at}/${kind}/${index}`, depth + 1);
    } else if (kind === 'not') {
      check(own.not, `${at}/not`, depth + 1);
    } else {
      checkLeaf(kind, own, at, attributes, fail);
    }
  }

  check(value, pointer, 1);
  if (conditions > MAX_CONDITIONS) fail(pointer, `has more than ${MAX_CONDITIONS} conditions`);
  return errors.length > 0 ? { errors } : { filter: value as Filter };
}

const RANGE = ['since', 'until', 'last_days'];

/** What each kind of condition may have beside its own name. */
const KINDS: Record<string, readonly string[]> = {
  all: [],
  any: [],
  not: [],
  attribute: ['op', 'value'],
  event: ['at_least', ...RANGE],
  tag: [],
  list: [],
  locale: [],
  country: [],
  time_zone: [],
  has: [],
  created: [],
};

const WORDS: Record<string, { fits(word: string): boolean; message: string }> = {
  tag: { fits: (word) => word.length <= 64, message: 'must be a tag' },
  list: { fits: (word) => /^lst_[0-9a-z]{26}$/.test(word), message: 'must be the id of a list' },
  locale: { fits: (word) => /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/.test(word), message: 'must be a language tag' },
  country: { fits: (word) => /^[A-Z]{2}$/.test(word), message: 'must be an ISO 3166-1 alpha-2 code' },
  time_zone: { fits: isTimeZone, message: 'must be an IANA time zone' },
};

function checkLeaf(kind: string, node: Node, at: string, attributes: Attributes, fail: Fail): undefined {
  const value = node[kind];
  const words = WORDS[kind];
  if (words) {
    const list = Array.isArray(value) ? value : [value];
    if (list.length === 0 || list.length > MAX_VALUES)
      return fail(`${at}/${kind}`, `must have 1 to ${MAX_VALUES} values`);
    for (const [index, word] of list.entries()) {
      const place = Array.isArray(value) ? `${at}/${kind}/${index}` : `${at}/${kind}`;
      if (typeof word !== 'string' || word === '' || !isClean(word) || !words.fits(word)) fail(place, words.message);
    }
  } else if (kind === 'has') {
    const known = [...ADDRESS_KINDS, 'external_id'];
    if (typeof value !== 'string' || !known.includes(value)) fail(`${at}/has`, `must be one of ${known.join(', ')}`);
  } else if (kind === 'created') {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return fail(`${at}/created`, 'must be an object');
    const range = value as Node;
    for (const name of Object.keys(range)) {
      if (!RANGE.includes(name)) fail(`${at}/created/${escapeName(name)}`, 'is not a known field');
    }
    if (Object.keys(range).length === 0) fail(`${at}/created`, `must have one of ${RANGE.join(', ')}`);
    checkRange(range, `${at}/created`, fail);
  } else if (kind === 'event') {
    if (typeof value !== 'string' || !EVENT_NAMES.includes(value))
      fail(`${at}/event`, `must be one of ${EVENT_NAMES.join(', ')}`);
    if (node.at_least !== undefined) checkCount(node.at_least, `${at}/at_least`, 1_000, fail);
    checkRange(node, at, fail);
  } else {
    checkAttributeCondition(node, at, attributes, fail);
  }
}

function checkRange(range: Node, at: string, fail: Fail): undefined {
  for (const name of ['since', 'until']) {
    const time = range[name];
    if (time === undefined) continue;
    if (typeof time !== 'string' || !TIME.test(time) || Number.isNaN(Date.parse(time))) {
      fail(`${at}/${name}`, 'must be an RFC 3339 time');
    }
  }
  if (range.last_days !== undefined) checkCount(range.last_days, `${at}/last_days`, MAX_DAYS, fail);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function checkCount(value: unknown, at: string, most: number, fail: Fail): undefined {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
  if (!fits) fail(at, `must be a whole number from 1 to ${most}`);
}

function checkAttributeCondition(node: Node, at: string, attributes: Attributes, fail: Fail): undefined {
  const { attribute, op, value } = node;
  const type = typeof attribute === 'string' ? attributes.get(attribute) : undefined;
  if (type === undefined) return fail(`${at}/attribute`, 'is not a defined attribute');
  const ops: readonly string[] = OPS[type];
  if (typeof op !== 'string' || !ops.includes(op)) return fail(`${at}/op`, `must be one of ${ops.join(', ')}`);
  if (op === 'exists') {
    if (value !== undefined) fail(`${at}/value`, 'is not for this operator');
  } else if (op === 'last_days' || op === 'next_days') {
    checkCount(value, `${at}/value`, MAX_DAYS, fail);
  } else if (op === 'in') {
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_VALUES) {
      return fail(`${at}/value`, `must be a list of 1 to ${MAX_VALUES} values`);
    }
    for (const [index, item] of value.entries()) checkValue(item, `${at}/value/${index}`);
  } else {
    checkValue(value, `${at}/value`);
  }

  function checkValue(given: unknown, place: string): undefined {
    const wrong = type === undefined ? null : checkAttribute(type, given);
    if (wrong !== null) fail(place, wrong);
    else if (typeof given === 'string' && !isClean(given)) fail(place, 'holds a control character');
  }
}

/** PostgreSQL takes no NUL in a text, and half a character is none. */
const isClean = (text: string) => text.isWellFormed() && !text.includes('\0');

/** RFC 6901 §3 */
const escapeName = (name: string) => name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
