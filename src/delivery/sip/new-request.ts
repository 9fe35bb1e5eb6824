import { newToken } from './dialog.ts';
import { type Headers, NO_BODY, type SipRequest } from './message.ts';

/** A request outside of any dialog (RFC 3261 §8.1.1). */
export function newRequest(
  method: string,
  uri: string,
  { from, to }: { from: string; to: string },
  { sequence, callId }: { sequence: number; callId: string },
  headers: Headers,
): SipRequest {
  return {
    kind: 'request',
    method,
    uri,
    headers: [
      ['max-forwards', '70'],
      ['from', `${from};tag=${newToken()}`],
      ['to', to],
      ['call-id', callId],
      ['cseq', `${sequence} ${method}`],
      ...headers,
    ],
    body: NO_BODY,
  };
}
