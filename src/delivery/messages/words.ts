import type { FieldError } from '../../lib/errors.ts';
import type { MessageContent } from './content.ts';
import type { MessageCaller, MessageInput } from './create.ts';

/** A message with the words it goes out in. */
export type WordedMessage =
  | { kind: 'worded'; input: MessageInput; extra: Pick<MessageContent, 'html' | 'whatsapp' | 'template'> }
  | { kind: 'invalid_words'; errors: FieldError[] }
  /** By the project's policy; `detail` is for the caller. */
  | { kind: 'forbidden'; detail: string };

/** Puts a template's words in place of its name, and judges whether the message may bring its own. */
export type WordMessage = (caller: MessageCaller, input: MessageInput) => Promise<WordedMessage>;
