type Mode = 'live' | 'test';

export interface AutomationTable {
  id: string;
  project_id: string;
  mode: Mode;
  name: string;
  status: 'draft' | 'active' | 'paused' | 'stopped';
  /** The newest: whoever enters now is in it. */
  version: number;
  /** How often the webhook's secret was replaced. */
  secret_number: number;
  /** Of a date trigger: the day whose contacts are being let in, after which of them, and when to go on. */
  scan_day: string | null;
  scan_after: string | null;
  scan_at: number | null;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
}

export interface AutomationEntryTable {
  automation_id: string;
  contact_id: string;
  /** All that there have been. */
  entries: number;
  /** Those that have not ended. */
  running: number;
  last_at: number;
  /** When the time began in which `window_entries` are counted. */
  window_at: number;
  window_entries: number;
}

export interface AutomationRunTable {
  id: string;
  automation_id: string;
  version: number;
  project_id: string;
  mode: Mode;
  contact_id: string;
  status: 'running' | 'completed' | 'stopped' | 'failed';
  /** Why it ended. */
  reason: string | null;
  /** Of the step that is next. */
  position: number;
  /** How many were done: the number of the next one. */
  steps: number;
  /** Of the step at hand. */
  tries: number;
  waiting_for: string | null;
  due_at: number | null;
  /** 1: it has no job, because its automation is paused. */
  held: number;
  /** What let it in: `event`, `date`, `webhook`, `keyword`, `api`. */
  cause: string;
  /** JSON of what came with it, as long as it runs. */
  data: string | null;
  /** How many automations in a row led to it. */
  depth: number;
  entered_at: number;
  ended_at: number | null;
  updated_at: number;
}

export interface AutomationStepTable {
  run_id: string;
  number: number;
  name: string;
  kind: string;
  outcome: string;
  reason: string | null;
  message_id: string | null;
  at: number;
}

export interface AutomationsSchema {
  automations: AutomationTable;
  automation_versions: {
    automation_id: string;
    version: number;
    definition: string;
    author: string;
    created_at: number;
  };
  automation_entries: AutomationEntryTable;
  automation_refusals: { automation_id: string; reason: string; count: number; last_at: number };
  automation_runs: AutomationRunTable;
  automation_steps: AutomationStepTable;
}
