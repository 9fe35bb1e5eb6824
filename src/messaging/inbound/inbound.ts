import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { MessageInput } from '../../delivery/messages/create.ts';
import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import type { ReadReply } from '../consent/keywords/read-reply.ts';
import type { Addressee, Owner } from '../consent/subject.ts';

/**
 * What is done about messages from phones. All handlers are called with each, one after the other and one message of a
 * person after the other, in the transaction in which it is marked as handled: what they write is written once,
 * whatever dies.
 */
export interface InboundHandler {
  /** Kept with what it takes. */
  readonly name: string;
  /** It is called, too, with what was written before anybody had the number: too late to be answered by itself. */
  readonly takesLate?: true;
  /** Null: nothing to do with it. It throws only when it is to be asked again. */
  handle(turn: InboundTurn): Promise<Handled | null>;
}

export interface InboundTurn {
  /** Nothing else may be read from or written to in a turn: SQLite has but one connection, which this one holds. */
  trx: Transaction<Schema>;
  message: InboundRow;
  /** Whose the number is that was written to. */
  owner: Owner;
  /** Who wrote. */
  who: Addressee;
  /** STOP, START, HELP or YES; consent has acted upon it. */
  read: ReadReply | null;
  /** The handler before that took it: others only take note. */
  takenBy: string | null;
  now: number;
}

export interface Handled {
  /** True: it is answered with this. */
  takes: boolean;
  /** Sent to whoever wrote, by the number that was written to; each once. */
  replies?: readonly AutoReply[];
  /** Members of `message.received`: ids, no words of the person. */
  data?: Readonly<Record<string, string>>;
}

export type AutoReply = Omit<MessageInput, 'to' | 'channel' | 'sender'>;
