import type { AddressKind } from '../contact.ts';

/** Which contacts are meant. Every condition is true or false of a contact: who lacks an attribute is not "equal". */
export type Filter =
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter }
  | AttributeCondition
  | { tag: string | string[] }
  | { list: string | string[] }
  | { locale: string | string[] }
  | { country: string | string[] }
  | { time_zone: string | string[] }
  | { has: AddressKind | 'external_id' }
  | { created: TimeRange }
  | EventCondition;

export interface AttributeCondition {
  attribute: string;
  op: AttributeOp;
  value?: string | number | boolean | (string | number)[];
}

/** Times are RFC 3339; `last_days` is counted back from when the filter is used. */
export interface TimeRange {
  since?: string;
  until?: string;
  last_days?: number;
}

export interface EventCondition extends TimeRange {
  event: string;
  /** Default 1. */
  at_least?: number;
}

/** What each type can be asked. Dates also relative to the day the filter is used, in UTC. */
export const OPS = {
  string: ['eq', 'ne', 'in', 'contains', 'starts_with', 'exists'],
  number: ['eq', 'ne', 'in', 'lt', 'lte', 'gt', 'gte', 'exists'],
  boolean: ['eq', 'ne', 'exists'],
  date: ['eq', 'ne', 'in', 'lt', 'lte', 'gt', 'gte', 'last_days', 'next_days', 'exists'],
} as const;

export type AttributeOp = (typeof OPS)[keyof typeof OPS][number];

export const MAX_DEPTH = 8;
export const MAX_CONDITIONS = 100;
export const MAX_VALUES = 500;
export const MAX_DAYS = 3660;
