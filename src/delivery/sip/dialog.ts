import { randomBytes } from 'node:crypto';
import type { Flow } from './flow.ts';
import {
  callIdOf,
  type Headers,
  headerOf,
  headersOf,
  NO_BODY,
  readCSeq,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  tagOf,
} from './message.ts';
import { hostText, readUri, uriOf } from './read-uri.ts';

/** What both sides of a call agree on (RFC 3261 §12), seen from the side that called. */
export interface Dialog {
  readonly callId: string;
  readonly remoteTag: string;
  /** As in the INVITE and in its answer. */
  readonly from: string;
  readonly to: string;
  /** URIs in brackets, the nearest first. */
  readonly routes: readonly string[];
  target: string;
  localSequence: number;
  remoteSequence: number;
}

/** §12.1.2. A phone that answers without a tag or a contact is talked to all the same (§12.2.1.1, RFC 2543). */
export function openDialog(invite: SipRequest, answer: SipResponse): Dialog {
  return {
    callId: callIdOf(invite),
    remoteTag: tagOf(answer, 'to') ?? '',
    from: headerOf(invite, 'from') ?? '',
    to: headerOf(answer, 'to') ?? '',
    routes: headersOf(answer, 'record-route').reverse(),
    target: targetOf(answer) ?? invite.uri,
    localSequence: readCSeq(invite)?.number ?? 1,
    remoteSequence: -1,
  };
}

/** Where the other side says it is; null: it does not, or not so that a request could be sent there. */
export function targetOf(message: SipMessage): string | null {
  const [contact] = headersOf(message, 'contact');
  const uri = contact === undefined ? null : uriOf(contact);
  return uri !== null && readUri(uri) ? uri : null;
}

/** §12.2.1.1. ACK has the number of its INVITE, every other request the next one. */
export function requestIn(dialog: Dialog, method: string, headers: Headers, body = NO_BODY): SipRequest {
  if (method !== 'ACK') dialog.localSequence++;
  const { uri, routes } = routeOf(dialog);
  return {
    kind: 'request',
    method,
    uri,
    headers: [
      ['max-forwards', '70'],
      ...routes.map((route) => ['route', route] as const),
      ['from', dialog.from],
      ['to', dialog.to],
      ['call-id', dialog.callId],
      ['cseq', `${dialog.localSequence} ${method}`],
      ...headers,
    ],
    body,
  };
}

/** The URI whose server gets the requests. */
export function nextHop(dialog: Dialog): string {
  const [first] = dialog.routes;
  return (first && uriOf(first)) || dialog.target;
}

/** A proxy of RFC 2543, one without `lr`, wants to find itself in the request line. */
function routeOf({ routes, target }: Dialog): { uri: string; routes: readonly string[] } {
  const first = routes[0] && uriOf(routes[0]);
  if (!first || readUri(first)?.parameters.has('lr')) return { uri: target, routes };
  return { uri: first, routes: [...routes.slice(1), `<${target}>`] };
}

export const newToken = () => randomBytes(12).toString('hex');

/** §18.2.2 with RFC 3581: answers come back to where the request came from. */
export function viaOf({ protocol, local }: Flow, branch: string): string {
  return `SIP/2.0/${protocol.toUpperCase()} ${hostText(local.address)}:${local.port};branch=${branch};rport`;
}

/** The cookie says that the branch is unique (§8.1.1.7). */
export const newBranch = () => `z9hG4bK${newToken()}`;
