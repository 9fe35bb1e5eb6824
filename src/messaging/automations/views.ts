import type { Static } from 'typebox';
import { toTimestamp } from '../../lib/clock.ts';
import type { StepRow } from './automation.ts';
import type { Automation } from './automations-table.ts';
import type { Run } from './runs-table.ts';
import type { AutomationSchema, RunDetailSchema, RunSchema } from './schemas.ts';

export function viewAutomation(prefix: string, { row, definition }: Automation): Static<typeof AutomationSchema> {
  const { trigger, steps, ...rules } = definition;
  return {
    ...{ id: row.id, name: row.name, status: row.status, version: row.version },
    ...{ trigger, ...rules, steps },
    hook_path: trigger.type === 'webhook' ? `${prefix}/v1/automation-hooks/${row.id}` : null,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}

export function viewRun(run: Run): Static<typeof RunSchema> {
  const { row } = run;
  return {
    ...{ id: row.id, automation_id: row.automation_id, version: row.version, contact_id: row.contact_id },
    ...{ status: row.status, reason: row.reason, cause: row.cause, next_step: run.next },
    waiting_for: waitOf(run),
    entered_at: toTimestamp(row.entered_at),
    ended_at: row.ended_at === null ? null : toTimestamp(row.ended_at),
  };
}

function waitOf({ row, automationStatus }: Run): Static<typeof RunSchema>['waiting_for'] {
  if (row.ended_at !== null) return null;
  const until = row.due_at === null ? null : toTimestamp(row.due_at);
  if (automationStatus === 'paused') return { reason: 'paused', until: null };
  switch (row.waiting_for) {
    case 'time':
    case 'quiet_hours':
    case 'frequency_cap':
    case 'retry':
      return { reason: row.waiting_for, until };
    default:
      return { reason: 'turn', until };
  }
}

export function viewStory(run: Run, steps: readonly StepRow[]): Static<typeof RunDetailSchema> {
  const history = steps.map(({ name, kind, outcome, reason, message_id, at }) => ({
    ...{ step: name, type: kind, outcome, reason, message_id },
    at: toTimestamp(at),
  }));
  return { ...viewRun(run), history };
}
