/**
 * Words used in this folder.
 *
 * template   a name for what is said, in versions; belongs to a project and mode
 * version    what it says: variables, and words for each locale and channel; never changes
 * variant    the words of one channel in one locale
 */
import type { Channel } from '../../lib/channels.ts';

export const TEMPLATE_ID = /^tpl_[0-9a-hjkmnp-tv-z]{26}$/;

export const VERSION_STATUSES = ['draft', 'submitted', 'approved', 'rejected'] as const;
export type VersionStatus = (typeof VERSION_STATUSES)[number];

export type Variable =
  | { type: 'string'; max_length?: number; default?: string }
  | { type: 'number'; decimals?: number; default?: number | string }
  | {
      type: 'date';
      format?: 'date' | 'time' | 'date_time';
      style?: 'short' | 'medium' | 'long' | 'full';
      time_zone?: string;
      default?: string;
    }
  | { type: 'money'; default?: Money }
  | { type: 'url'; hosts?: string[]; default?: string };

export interface Money {
  /** Decimal number as text. */
  amount: string;
  /** ISO 4217. */
  currency: string;
}

/** As callers give them. */
export type Value = string | number | Money;
export type Values = Readonly<Record<string, Value>>;

export interface Variants {
  sms?: { text: string };
  voice?: { text: string };
  email?: { subject: string; text: string; html?: string };
  whatsapp?: { text: string; template?: WhatsappTemplate };
  telegram?: { text: string };
}

/** One that Meta has approved, filled in place by place. */
export interface WhatsappTemplate {
  name: string;
  /** As Meta writes it: `en_US`. */
  language: string;
  parameters: string[];
}

export interface TemplateContent {
  variables: Record<string, Variable>;
  default_locale: string;
  locales: Record<string, Variants>;
}

/** Whose: a key has those of its own project and mode. */
export interface Owner {
  project: string;
  mode: 'live' | 'test';
}

/** What a message says, in one channel and locale. */
export interface RenderedMessage {
  channel: Channel;
  /** The one whose words they are. */
  locale: string;
  text: string;
  subject?: string;
  html?: string;
  whatsapp?: WhatsappTemplate;
}
