import type { Database } from '../../db/open.ts';
import type { FieldError } from '../../lib/errors.ts';
import type { TargetGuard } from '../../lib/target-guard.ts';
import { normalizeReply } from '../consent/keywords/normalize-reply.ts';
import { readReply } from '../consent/keywords/read-reply.ts';
import { loadAttributes } from '../contacts/attributes.ts';
import type { Owner } from '../contacts/contact.ts';
import { checkFilter } from '../contacts/filter/check-filter.ts';
import { findList } from '../contacts/lists-table.ts';
import { isTimeZone } from '../contacts/time-zone.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { type Definition, positionOf, type SendStep, type Step } from './automation.ts';

export interface CheckDeps {
  db: Database;
  templates: Pick<TemplateReader, 'find'>;
  /** Where webhooks may go. */
  guard: Pick<TargetGuard, 'look'>;
}

export type CheckedDefinition = { definition: Definition } | { errors: FieldError[] };

/** What a schema cannot say. Templates are pinned to the version that a message would take now. */
export async function checkDefinition(deps: CheckDeps, owner: Owner, given: Definition): Promise<CheckedDefinition> {
  const { kysely } = deps.db;
  const errors: FieldError[] = [];
  const fail = (pointer: string, message: string) => {
    errors.push({ pointer, message });
  };
  const attributes = await loadAttributes(kysely, owner);
  const checkWhom = (filter: unknown, pointer: string) => {
    const checked = checkFilter(filter, attributes, pointer);
    if ('errors' in checked) errors.push(...checked.errors);
  };
  const { trigger } = given;
  if (given.filter !== undefined) checkWhom(given.filter, '/filter');
  if (trigger.type === 'date') {
    if (attributes.get(trigger.attribute) !== 'date') fail('/trigger/attribute', 'is no attribute of type date');
    if (trigger.time_zone !== undefined && !isTimeZone(trigger.time_zone)) fail('/trigger/time_zone', NO_ZONE);
  }
  if (trigger.type === 'keyword') {
    for (const [index, keyword] of trigger.keywords.entries()) {
      const kind = readReply(keyword, null)?.kind;
      const at = `/trigger/keywords/${index}`;
      if (normalizeReply(keyword) === '') fail(at, 'has neither letter nor digit');
      if (kind === 'stop' || kind === 'help') fail(at, `is read as ${kind.toUpperCase()} already`);
    }
  }
  const stopsOnConversion = given.stop_on?.includes('conversion') ?? false;
  if (stopsOnConversion !== (given.conversion !== undefined)) {
    fail('/conversion', stopsOnConversion ? 'is required by stop_on' : 'goes with `conversion` in stop_on');
  }
  checkPlaces(given, fail);
  const steps: Step[] = [];
  for (const [position, step] of given.steps.entries()) {
    const at = `/steps/${position}`;
    if (step.type === 'condition') checkWhom(step.filter, `${at}/filter`);
    if (step.type === 'wait_for_time' && step.time_zone !== undefined && !isTimeZone(step.time_zone)) {
      fail(`${at}/time_zone`, NO_ZONE);
    }
    if ('list_id' in step && !(await findList(kysely, owner, step.list_id))) fail(`${at}/list_id`, 'is no list');
    if (step.type === 'webhook') {
      const refusal = await deps.guard.look(step.url);
      if (refusal !== null) fail(`${at}/url`, refusal);
    }
    steps.push(step.type === 'send' ? await checkSend(deps, owner, step, at, fail) : step);
  }
  return errors.length > 0 ? { errors: errors.slice(0, 20) } : { definition: { ...given, steps } };
}

const NO_ZONE = 'is not an IANA time zone';

type Fail = (pointer: string, message: string) => void;

/** Every name once, and every way leads down. */
function checkPlaces(given: Definition, fail: Fail): void {
  const names = new Set<string>();
  for (const [position, step] of given.steps.entries()) {
    const at = `/steps/${position}`;
    if (step.name === 'end') fail(`${at}/name`, 'stands for where the steps end');
    if (step.name !== undefined && names.has(step.name)) fail(`${at}/name`, 'is the name of another step');
    if (step.name !== undefined) names.add(step.name);
    const targets = {
      next: step.next,
      ...(step.type === 'condition' && { if_true: step.if_true, if_false: step.if_false }),
    };
    for (const [member, target] of Object.entries(targets)) {
      if (target !== undefined && positionOf(given, target) <= position) {
        fail(`${at}/${member}`, 'must be a step further down, or `end`');
      }
    }
  }
}

async function checkSend(
  { templates }: CheckDeps,
  owner: Owner,
  step: SendStep,
  at: string,
  fail: Fail,
): Promise<SendStep> {
  if ((step.template === undefined) === (step.text === undefined)) {
    fail(at, 'must have a template or a text');
    return step;
  }
  if (step.template === undefined) {
    if (step.variables !== undefined) fail(`${at}/variables`, 'goes with a template');
    if (step.template_version !== undefined) fail(`${at}/template_version`, 'goes with a template');
    if (step.channel === 'email' && step.subject === undefined) fail(`${at}/subject`, 'is required for e-mail');
    return step;
  }
  if (step.subject !== undefined) fail(`${at}/subject`, 'is the template’s to say');
  const found = await templates.find(owner, step.template, step.template_version ?? null);
  if (!found) {
    fail(step.template_version === undefined ? `${at}/template` : `${at}/template_version`, 'there is none');
    return step;
  }
  const { variables } = found.compiled;
  for (const name of Object.keys(step.variables ?? {})) {
    if (!variables.has(name)) fail(`${at}/variables/${name}`, 'is no variable of the template');
  }
  return { ...step, template_version: found.version };
}
