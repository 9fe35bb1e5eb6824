type Mode = 'live' | 'test';

export interface AppointmentTable {
  id: string;
  project_id: string;
  mode: Mode;
  status: 'scheduled' | 'confirmed' | 'reschedule_requested' | 'canceled' | 'completed' | 'missed' | 'expired';
  starts_at: number;
  /** IANA name, or an offset as the app wrote it. */
  time_zone: string;
  contact_id: string | null;
  channel: string;
  /** E.164 or e-mail address. */
  recipient: string;
  recipient_hash: string;
  recipient_masked: string;
  country: string | null;
  sender: string | null;
  locale: string | null;
  /** JSON of AppointmentWords. */
  content: string;
  /** JSON of ReminderRule[]. */
  rules: string;
  /** Of each reminder. */
  validity_seconds: number | null;
  /** JSON. */
  metadata: string | null;
  /** Raised when the time moves: reminders of another time are others. */
  plan: number;
  /** Raised by every change. */
  revision: number;
  /** When the person answered last. */
  answered_at: number | null;
  actor: string;
  created_at: number;
  updated_at: number;
}

export interface AppointmentReminderTable {
  appointment_id: string;
  plan: number;
  /** Its name in the plan: `24h`, `1d 18:00`. */
  rule: string;
  due_at: number;
  status: 'planned' | 'sent' | 'blocked' | 'skipped' | 'failed';
  reason: string | null;
  message_id: string | null;
}

export interface AppointmentsSchema {
  appointments: AppointmentTable;
  appointment_reminders: AppointmentReminderTable;
  appointment_settings: {
    project_id: string;
    mode: Mode;
    /** JSON: the project's own words for each answer. */
    words: string;
    /** JSON: what it answers with; null: nothing. */
    answers: string;
    updated_at: number;
  };
}
