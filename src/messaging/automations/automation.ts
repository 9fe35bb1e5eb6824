/**
 * Words used in this folder.
 *
 * automation   steps that are gone through for each contact that a trigger lets in; belongs to a project and mode
 * version      what it says; never changes, and whoever is in it goes on by it
 * run          one contact on its way through; `position` is the step that is next, `steps` how many were done
 * trigger      what lets contacts in; `cause` is which kind of it let in a run
 * held         a run without a job: its automation is paused
 *
 * Steps only lead forward, so a run ends after at most as many steps as there are.
 */
import type { Selectable } from 'kysely';
import type { EventType } from '../../audit/event.ts';
import type { AutomationRunTable, AutomationStepTable, AutomationTable } from '../../db/schema/automations.ts';
import type { MessageInput } from '../../delivery/messages/create.ts';
import type { Channel } from '../../lib/channels.ts';
import type { Contact } from '../contacts/contact.ts';
import type { Filter } from '../contacts/filter/filter.ts';
import type { Weekday } from '../windows/own-windows.ts';

export type AutomationRow = Selectable<AutomationTable>;
export type RunRow = Selectable<AutomationRunTable>;
export type StepRow = Selectable<AutomationStepTable>;

export const AUTOMATION_ID = '^aut_[0-9a-hjkmnp-tv-z]{26}$';
export const RUN_ID = '^run_[0-9a-hjkmnp-tv-z]{26}$';

export const RUN_STATUSES = ['running', 'completed', 'stopped', 'failed'] as const;
export const STOPS = ['reply', 'opt_out', 'conversion'] as const;
export type Stop = (typeof STOPS)[number];

export type Scalar = string | number | boolean;

/** Events of a type; `where` names members of the event, those of `data` by `data.…`, and what they must be. */
export interface EventMatch {
  event: EventType;
  where?: Record<string, Scalar | Scalar[]>;
}

export type Trigger =
  | ({ type: 'event' } & EventMatch)
  | {
      type: 'date';
      attribute: string;
      offset_days?: number;
      at?: string;
      repeat?: 'once' | 'yearly';
      time_zone?: string;
    }
  | { type: 'webhook'; create_contacts?: boolean }
  | { type: 'keyword'; keywords: string[]; match?: 'exact' | 'first'; number?: string }
  | { type: 'api' };

/** Of a variable: as it is, or where it is found when the step is done. */
export type VariableSource =
  | NonNullable<MessageInput['variables']>[string]
  | { attribute: string; default?: Scalar }
  | { data: string; default?: Scalar };

interface Named {
  /** Default: its place, from 1. */
  name?: string;
  /** The step that follows, one further down, or `end`; default: the one below. */
  next?: string;
}

export interface SendStep extends Named {
  type: 'send';
  channel: Channel;
  template?: string;
  template_version?: number;
  variables?: Record<string, VariableSource>;
  text?: string;
  subject?: string;
  purpose?: 'transactional' | 'marketing';
  sender?: string;
  validity_seconds?: number;
  shorten_links?: boolean;
  on_failure?: OnFailure;
}

export type OnFailure = 'stop' | 'continue';

export interface WebhookStep extends Named {
  type: 'webhook';
  url: string;
  on_failure?: OnFailure;
}

export type ChangeStep =
  | (Named & { type: 'add_tag' | 'remove_tag'; tag: string })
  | (Named & { type: 'add_to_list' | 'remove_from_list'; list_id: string });

export type WaitStep = Named &
  (
    | { type: 'wait'; seconds: number }
    | { type: 'wait_until'; at: string }
    | { type: 'wait_for_time'; time: string; days?: Weekday[]; time_zone?: string }
  );

export interface ConditionStep extends Named {
  type: 'condition';
  filter: Filter;
  /** Where it is true; default: the step below. */
  if_true?: string;
  /** Default: `end`. */
  if_false?: string;
}

export type Step = SendStep | WebhookStep | ChangeStep | WaitStep | ConditionStep;

export interface Definition {
  trigger: Trigger;
  /** Of those that the trigger means, only these come in. */
  filter?: Filter;
  steps: Step[];
  reentry?: 'never' | 'after_end' | 'always';
  cooldown_seconds?: number;
  stop_on?: Stop[];
  conversion?: EventMatch;
}

/** What a step is done with. */
export interface Turn {
  run: RunRow;
  definition: Definition;
  secretNumber: number;
  contact: Contact;
  now: number;
}

export const MAX_STEPS = 50;
export const END = 'end';

export function nameOfStep(definition: Definition, position: number): string {
  return definition.steps[position]?.name ?? String(position + 1);
}

/** Where a step's name is; `end` is past the last one, an unknown name −1. */
export function positionOf(definition: Definition, name: string): number {
  if (name === END) return definition.steps.length;
  return definition.steps.findIndex((_, position) => nameOfStep(definition, position) === name);
}

/** Where a step leads that decides nothing. */
export function positionAfter(definition: Definition, position: number): number {
  const next = definition.steps[position]?.next;
  return next === undefined ? position + 1 : positionOf(definition, next);
}
