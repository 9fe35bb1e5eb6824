import type { SendVerdict } from '../provider.ts';
import type { AnswerPlace, Condition, HttpConfig } from './http-schema.ts';
import type { ConfigProblem } from './support/http-members.ts';
import { followPointer } from './support/json-pointer.ts';
import { parseJson, readId, readText } from './support/read-value.ts';
import { failed, type HttpAnswer, outcomeUnknown, rejected, verdictByStatus } from './support/verdict.ts';

/** A regular expression of the operator's meets no more than this of what a gateway wrote. */
const MAX_MATCHED = 4_096;

export function readAnswer(config: HttpConfig, answer: HttpAnswer, reference: string, now: number): SendVerdict {
  const code = config.error_code && find(config.error_code, answer);
  for (const failure of config.failures) {
    if (!holds(failure, answer)) continue;
    const verdict = { rejected, failed, outcome_unknown: outcomeUnknown }[failure.verdict];
    return verdict(failure.reason, code ?? `http_${answer.status}`);
  }
  if (!holds(config.success, answer)) return verdictByStatus(answer, now, code);
  if (config.provider_id === undefined) return { kind: 'accepted', providerId: reference };
  const providerId = readId(find(config.provider_id, answer));
  return providerId === undefined ? outcomeUnknown('unreadable_answer', code) : { kind: 'accepted', providerId };
}

function holds({ status, json, body }: Condition, answer: HttpAnswer): boolean {
  if (status && !status.includes(answer.status)) return false;
  if (body !== undefined && !matchBody(body, answer)) return false;
  if (json === undefined) return true;
  const found = followPointer(parseJson(answer.body), json.pointer);
  return (Array.isArray(json.equals) ? json.equals : [json.equals]).some((wanted) => wanted === found);
}

function find(place: AnswerPlace, answer: HttpAnswer): string | undefined {
  if ('header' in place) return readText(answer.headers[place.header.toLowerCase()]);
  if ('json' in place) return readText(followPointer(parseJson(answer.body), place.json));
  return readText(matchBody(place.body, answer)?.[1]);
}

function matchBody(pattern: string, { body }: HttpAnswer): RegExpExecArray | null {
  return new RegExp(pattern, 'u').exec(body.slice(0, MAX_MATCHED));
}

export function checkAnswer(config: HttpConfig): ConfigProblem[] {
  const places = [
    ['/provider_id', config.provider_id],
    ['/error_code', config.error_code],
  ] as const;
  const conditions: [string, Condition][] = [
    ['/success', config.success],
    ...config.failures.map((failure, index): [string, Condition] => [`/failures/${index}`, failure]),
  ];
  return [
    ...conditions.flatMap(([at, { body }]) => (body === undefined ? [] : checkPattern(`${at}/body`, body, false))),
    ...places.flatMap(([at, place]) => (place && 'body' in place ? checkPattern(`${at}/body`, place.body, true) : [])),
    ...conditions
      .filter(([, { status, json, body }]) => !status && !json && body === undefined)
      .map(([pointer]) => ({ pointer, message: 'must name a status, a member of the JSON or a pattern' })),
  ];
}

function checkPattern(pointer: string, pattern: string, withGroup: boolean): ConfigProblem[] {
  try {
    const groups = (new RegExp(`${pattern}|`, 'u').exec('')?.length ?? 1) - 1;
    return withGroup && groups === 0 ? [{ pointer, message: 'must have a group, e.g. id=(\\d+)' }] : [];
  } catch {
    return [{ pointer, message: 'is not a regular expression' }];
  }
}
