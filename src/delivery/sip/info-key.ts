import { headerOf, type SipRequest } from './message.ts';

/** A key told by INFO: `application/dtmf-relay` and `application/dtmf`, which no RFC defines but many servers send. */
export function readInfoKey(request: SipRequest): string | null {
  const [type = ''] = (headerOf(request, 'content-type') ?? '').toLowerCase().split(';');
  const text = request.body.subarray(0, 1_000).toString('latin1');
  if (type.trim() === 'application/dtmf-relay')
    return /^\s*signal\s*=\s*([0-9*#a-d])\s*$/im.exec(text)?.[1]?.toUpperCase() ?? null;
  if (type.trim() === 'application/dtmf') return /^\s*([0-9*#a-d])\s*$/i.exec(text)?.[1]?.toUpperCase() ?? null;
  return null;
}
