import { Type } from 'typebox';
import { type SendStatus, STATUSES, type Status } from './challenge.ts';

const SEND_STATUSES = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'failed',
  'unknown',
  'skipped',
] as const satisfies SendStatus[];

export const StatusSchema = Type.Unsafe<Status>({ type: 'string', enum: [...STATUSES] });
export const SendStatusSchema = Type.Unsafe<SendStatus>({ type: 'string', enum: [...SEND_STATUSES] });
