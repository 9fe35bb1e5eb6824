import type { SipMessage } from './message.ts';
import { type Head, MAX_MESSAGE_BYTES, readHead, withBody } from './read-message.ts';

/** Messages out of a byte stream (RFC 3261 §18.3), however it is cut. */
export interface StreamReader {
  /** What is whole now; null when the stream cannot be made sense of any more. */
  push(chunk: Buffer): SipMessage[] | null;
}

export function createStreamReader(): StreamReader {
  let buffered: Buffer = Buffer.alloc(0);
  let head: Head | null = null;

  /** Undefined: more bytes are needed. */
  function next(): SipMessage | null | undefined {
    if (!head) {
      // Empty lines between messages keep connections open (RFC 5626 §4.4.1).
      let start = 0;
      while (buffered[start] === 0x0d || buffered[start] === 0x0a) start++;
      buffered = buffered.subarray(start);
      const end = buffered.indexOf('\r\n\r\n');
      if (end === -1) return buffered.length > MAX_MESSAGE_BYTES ? null : undefined;
      head = readHead(buffered.subarray(0, end));
      if (!head || head.contentLength === null) return null;
      buffered = buffered.subarray(end + 4);
    }
    const length = head.contentLength ?? 0;
    if (buffered.length < length) return undefined;
    const message = withBody(head, buffered.subarray(0, length));
    buffered = buffered.subarray(length);
    head = null;
    return message;
  }

  return {
    push(chunk) {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
      const messages: SipMessage[] = [];
      for (;;) {
        const message = next();
        if (message === null) return null;
        if (message === undefined) return messages;
        messages.push(message);
      }
    },
  };
}
