import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { BRIEF, startCaller } from './caller.ts';
import {
  AUDIO,
  answer,
  answerAsSecond,
  hungUp,
  ok,
  receive,
  receiveCall,
  receiveCallToAsk,
  receiveResponse,
  request,
  respond,
  startSipp,
  wait,
} from './sipp.ts';

const REFERENCE = 'msg_0123456789abcdefghjkmnpqrs-1';
const ACCEPTED = { kind: 'accepted', providerId: REFERENCE };
const undelivered = (reason: string, carrierCode: string) => ({
  reference: REFERENCE,
  status: 'undelivered',
  reason,
  carrierCode,
});

const refusing = (status: number, more = '') => [receiveCall(), respond(status, { more }), receive('ACK')];
const answering = [receiveCall(), respond(180), answer(), receive('ACK')];
const answeringToAsk = [receiveCallToAsk(), respond(180), answer(), receive('ACK')];

/** A server that answers nothing. */
async function startSilence(): Promise<{ port: number; messages: string[] }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const messages: string[] = [];
  socket.on('message', (bytes) => messages.push(bytes.toString()));
  return { port: socket.address().port, messages };
}

await describeWith(['sipp', 'espeak-ng'], 'a call to SIPp', () => {
  it.each([
    [404, 'rejected', 'invalid_recipient'],
    [484, 'rejected', 'invalid_recipient'],
    [486, 'rejected', 'busy'],
    [480, 'rejected', 'no_answer'],
    [603, 'rejected', 'declined'],
    [607, 'rejected', 'blocked_recipient'],
    [403, 'failed', 'authentication_failed'],
    [407, 'failed', 'authentication_failed'],
    [402, 'failed', 'insufficient_credit'],
    [488, 'failed', 'unsupported'],
    [500, 'failed', 'unavailable'],
    [302, 'failed', 'destination_refused'],
  ])('that is refused with %d is %s: %s', async (status, kind, reason) => {
    const { port, done } = await startSipp(refusing(status));
    const { call, receipts } = await startCaller([{ port }]);
    expect(await call()).toEqual({ kind, reason, carrierCode: `sip:${status}` });
    await done;
    expect(receipts).toEqual([]);
  });

  it('that is refused for load says when to try again, and the trunk is left alone until then', async () => {
    const { port, done } = await startSipp(refusing(503, 'Retry-After: 7'));
    const { call } = await startCaller([{ port }]);
    expect(await call()).toEqual({
      kind: 'failed',
      reason: 'unavailable',
      carrierCode: 'sip:503',
      retryAfterMs: 7_000,
    });
    await done;
    expect(await call()).toMatchObject({ kind: 'failed', reason: 'unavailable', carrierCode: 'sip:paused' });
  });

  it('is judged by what the telephone network says, where the status is vague', async () => {
    const { port } = await startSipp(refusing(503, 'Reason: Q.850;cause=17;text="User busy"'));
    const { call } = await startCaller([{ port }]);
    expect(await call()).toEqual({ kind: 'rejected', reason: 'busy', carrierCode: 'sip:503:q850-17' });
  });

  it('goes over the next trunk when the first is unavailable', async () => {
    const first = await startSipp(refusing(503));
    const second = await startSipp([...answering, receive('BYE'), ok()], { echo: true });
    const { call, untilReceipt } = await startCaller([{ port: first.port }, { port: second.port }]);
    expect(await call()).toEqual(ACCEPTED);
    expect(await untilReceipt()).toMatchObject({ status: 'delivered' });
    await Promise.all([first.done, second.done]);
  });

  it('that is busy is not tried over the next trunk', async () => {
    const first = await startSipp(refusing(486));
    const { call } = await startCaller([{ port: first.port }, { port: 9 }]);
    expect(await call()).toMatchObject({ kind: 'rejected', reason: 'busy' });
  });

  it('that rang and then was busy is reported', async () => {
    const { port, done } = await startSipp([receiveCall(), respond(183), respond(486), receive('ACK')]);
    const { call, untilReceipt } = await startCaller([{ port }]);
    expect(await call()).toEqual(ACCEPTED);
    expect(await untilReceipt()).toEqual(undelivered('busy', 'sip:486'));
    await done;
  });

  it('that is never answered is cancelled', async () => {
    const { port, done } = await startSipp([
      receiveCall(),
      respond(180),
      receive('CANCEL'),
      ok(),
      // The CANCEL was answered; now the INVITE is.
      `<nop/>${respond(487).replace('[last_CSeq:]', 'CSeq: 1 INVITE')}`,
      receive('ACK'),
    ]);
    const { call, untilReceipt } = await startCaller([{ port }], { ring_seconds: 0.5 });
    expect(await call()).toEqual(ACCEPTED);
    expect(await untilReceipt()).toEqual(undelivered('no_answer', 'sip:ring_timeout'));
    await done;
  });

  it('that is answered while it is cancelled is hung up', async () => {
    const { port, done } = await startSipp([
      receiveCall(),
      respond(180),
      receive('CANCEL'),
      answer().replace('[last_CSeq:]', 'CSeq: 1 INVITE'),
      receive('ACK'),
      ...hungUp,
    ]);
    const { call, untilReceipt } = await startCaller([{ port }], { ring_seconds: 0.5 });
    await call();
    expect(await untilReceipt()).toEqual(undelivered('no_answer', 'sip:ring_timeout'));
    await done;
  });

  it('that is answered and hung up at once was declined', async () => {
    const { port, done } = await startSipp([...answeringToAsk, request('BYE', 1), receiveResponse(200)]);
    const { call, untilReceipt } = await startCaller([{ port }]);
    expect(await call()).toEqual(ACCEPTED);
    expect(await untilReceipt()).toEqual(undelivered('declined', 'sip:bye'));
    await done;
  });

  it('to which nothing is said at all is of unknown outcome, and is not placed again', async () => {
    const { port, messages } = await startSilence();
    const { call, untilReceipt } = await startCaller([{ port }, { port: 9 }], { t1_ms: 20 });
    expect(await call()).toEqual({ kind: 'outcome_unknown', reason: 'timeout' });
    expect(await untilReceipt()).toEqual(undelivered('timeout', 'sip:no_response'));
    // Sent again as RFC 3261 has it: the same INVITE in one transaction.
    expect(messages.length).toBeGreaterThan(4);
    expect(new Set(messages).size).toBe(1);
  });

  it('that is still being put through when the send must end is told later', async () => {
    const { port, done } = await startSipp([receiveCall(), respond(100), wait(600), respond(486), receive('ACK')]);
    const { call, untilReceipt } = await startCaller([{ port }]);
    expect(await call({}, AbortSignal.timeout(400))).toEqual({ kind: 'outcome_unknown', reason: 'timeout' });
    expect(await untilReceipt()).toEqual(undelivered('busy', 'sip:486'));
    await done;
  });

  it('answers a challenge with the right digest', async () => {
    const { port, done } = await startSipp([
      receiveCall(),
      respond(401, {
        more: 'WWW-Authenticate: Digest realm="trunk", nonce="47ebe028cda119c35d4877b383027d28da013815", qop="auth", algorithm=MD5',
      }),
      receive('ACK'),
      receiveCall('<verifyauth assign_to="right" username="countersign" password="open sesame"/>'),
      '<nop test="right" next="verified"/>',
      '<nop><action><error message="wrong digest"/></action></nop>',
      '<label id="verified"/>',
      respond(180),
      respond(486),
      receive('ACK'),
    ]);
    const { call, untilReceipt } = await startCaller([{ port, username: 'countersign', password: 'open sesame' }]);
    expect(await call()).toEqual(ACCEPTED);
    expect(await untilReceipt()).toEqual(undelivered('busy', 'sip:486'));
    await done;
  });

  it('whose credentials are refused ends there', async () => {
    const challenge = { more: 'Proxy-Authenticate: Digest realm="trunk", nonce="abc", algorithm=MD5' };
    const { port, done } = await startSipp([
      receiveCall(),
      respond(407, challenge),
      receive('ACK'),
      receive('INVITE'),
      respond(407, challenge),
      receive('ACK'),
    ]);
    const { call } = await startCaller([{ port, username: 'countersign', password: 'wrong' }]);
    expect(await call()).toEqual({ kind: 'failed', reason: 'authentication_failed', carrierCode: 'sip:407' });
    await done;
  });

  it('from which no audio comes ends in time', async () => {
    const { port, done } = await startSipp([...answering, ...hungUp]);
    const { call, untilReceipt } = await startCaller([{ port }], { no_audio_seconds: 1 });
    expect(await call()).toEqual(ACCEPTED);
    expect(await untilReceipt()).toEqual(undelivered('network_error', 'sip:rtp_none'));
    await done;
  });

  it('takes the key from INFO, also before the prompt has ended', async () => {
    const info = 'Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=1\nDuration=160';
    const { port, done } = await startSipp(
      [...answeringToAsk, request('INFO', 1, info), receiveResponse(200), ...hungUp],
      {
        echo: true,
      },
    );
    const { call, untilReceipt } = await startCaller([{ port }]);
    await call({ script: { ...BRIEF, gate: { key: '1', prompt: 'Press one.' } } });
    expect(await untilReceipt()).toEqual({ reference: REFERENCE, status: 'delivered' });
    await done;
  });

  it('is heard by one phone only: another that answers as well is hung up', async () => {
    const { port, done } = await startSipp(
      [...answeringToAsk, answerAsSecond(), receive('ACK'), ...hungUp, ...hungUp],
      { echo: true },
    );
    const { call, untilReceipt } = await startCaller([{ port }]);
    await call();
    expect(await untilReceipt()).toEqual({ reference: REFERENCE, status: 'delivered' });
    await done;
  });

  it('that is put on hold goes on when it is taken back', async () => {
    const hold = AUDIO.replace('RTP/AVP 8 101', 'RTP/AVP 8').replace(/a=rtpmap:101.*$/, 'a=sendonly');
    const { port, done } = await startSipp(
      [
        ...answeringToAsk,
        request('INVITE', 1, hold),
        receiveResponse(200, '<ereg regexp="a=recvonly" search_in="body" check_it="true" assign_to="held"/>'),
        request('ACK', 1),
        wait(4_000),
        // Without an offer: ours is made anew, and answered in the ACK.
        request('INVITE', 2),
        receiveResponse(200, '<ereg regexp="m=audio" search_in="body" check_it="true" assign_to="offered"/>'),
        request('ACK', 2, AUDIO),
        '<Reference variables="held,offered"/>',
        ...hungUp,
      ],
      { echo: true },
    );
    const { call, untilReceipt } = await startCaller([{ port }], { no_audio_seconds: 1 });
    await call();
    expect(await untilReceipt()).toEqual({ reference: REFERENCE, status: 'delivered' });
    await done;
  });

  it('refuses another codec in mid-call, and goes on', async () => {
    const video = AUDIO.replace('RTP/AVP 8 101', 'RTP/AVP 18').replace(/\na=rtpmap[\s\S]*$/, '');
    const { port, done } = await startSipp(
      [...answeringToAsk, request('INVITE', 1, video), receiveResponse(488), request('ACK', 1), ...hungUp],
      { echo: true },
    );
    const { call, untilReceipt } = await startCaller([{ port }]);
    await call();
    expect(await untilReceipt()).toEqual({ reference: REFERENCE, status: 'delivered' });
    await done;
  });

  it('is a voice call in clear only where that was asked for', async () => {
    const { port, done } = await startSipp([...answering, ...hungUp], { echo: true });
    const { call, untilReceipt } = await startCaller([{ port, srtp: true }]);
    // Ringing and the answer may come in one turn.
    const verdict = await call();
    if (verdict.kind === 'accepted') {
      expect(await untilReceipt()).toEqual(undelivered('unsupported', 'sip:sdp'));
    } else {
      expect(verdict).toEqual({ kind: 'failed', reason: 'unsupported', carrierCode: 'sip:sdp' });
    }
    await done;
  });

  it('goes over TCP', async () => {
    const { port, done } = await startSipp([...answering, ...hungUp], { echo: true, transport: 'tcp' });
    const { call, untilReceipt } = await startCaller([{ port, transport: 'tcp' }]);
    expect(await call()).toEqual(ACCEPTED);
    expect(await untilReceipt()).toEqual({ reference: REFERENCE, status: 'delivered' });
    await done;
  });

  it('over TCP to nobody was certainly not placed', async () => {
    const { call } = await startCaller([{ port: 9, transport: 'tcp' }]);
    expect(await call()).toEqual({ kind: 'failed', reason: 'connection_failed' });
  });

  it('has a channel, or is not placed', async () => {
    const { port, done } = await startSipp([...answering, ...hungUp], { echo: true });
    const { call, untilReceipt } = await startCaller([{ port, channels: 1 }]);
    expect(await call()).toEqual(ACCEPTED);
    expect(await call()).toEqual({ kind: 'failed', reason: 'queue_full', carrierCode: 'sip:channels' });
    await untilReceipt();
    await done;
  });

  it('waits for its turn where a trunk takes so many a second', async () => {
    const { port, done } = await startSipp(refusing(486), { calls: 3 });
    const { call } = await startCaller([{ port, calls_per_second: 2 }]);
    const started = performance.now();
    const verdicts = await Promise.all([call(), call(), call()]);
    expect(verdicts).toEqual(Array(3).fill({ kind: 'rejected', reason: 'busy', carrierCode: 'sip:486' }));
    expect(performance.now() - started).toBeGreaterThanOrEqual(500);
    await done;
  });

  it('that goes on when the process must end is cut, and told', async () => {
    const { port, done } = await startSipp([...answering, ...hungUp], { echo: true });
    const { call, provider, receipts } = await startCaller([{ port }], { drain_ms: 100 });
    await call();
    await provider.close?.();
    expect(receipts).toEqual([undelivered('process_lost', 'sip:cut')]);
    await done;
  });

  it('whose receipt cannot be stored is told again', async () => {
    const { port } = await startSipp([receiveCall(), respond(180), respond(486), receive('ACK')]);
    const caller = await startCaller([{ port }]);
    caller.storageFails = true;
    await caller.call();
    await caller.untilLogged('receipt of a call not stored; tried again');
    caller.storageFails = false;
    expect(await caller.untilReceipt()).toEqual(undelivered('busy', 'sip:486'));
  });

  it('to what is no telephone number, or without a caller id, is not placed', async () => {
    const { call } = await startCaller([{ port: 9, caller_id: undefined }]);
    expect(await call({ to: 'someone@example.com' })).toEqual({ kind: 'rejected', reason: 'invalid_recipient' });
    expect(await call({ from: 'Example' })).toEqual({ kind: 'failed', reason: 'sender_refused' });
  });

  it('with nothing to say is not placed', async () => {
    const { call } = await startCaller([{ port: 9 }], { speech: { command: ['false'] } });
    expect(await call()).toEqual({ kind: 'failed', reason: 'misconfigured', carrierCode: 'sip:speech' });
  });

  it('leaves neither its number nor what was said in the log', async () => {
    const { port, done } = await startSipp([...answering, ...hungUp], { echo: true });
    const { call, log, untilReceipt } = await startCaller([{ port }]);
    await call();
    await untilReceipt();
    await done;
    expect(log).toContainEqual({ reference: REFERENCE, status: 'delivered', message: 'SIP call' });
    expect(JSON.stringify(log)).not.toMatch(/33612345678|612345678|"7"/);
  });

  it('whose answer is always found stale is given up', async () => {
    const stale = { more: 'WWW-Authenticate: Digest realm="trunk", nonce="abc", algorithm=MD5, stale=true' };
    const challenged = [receiveCall(), respond(401, stale), receive('ACK')];
    const { port, done } = await startSipp([...challenged, ...challenged, ...challenged, ...challenged]);
    const { call } = await startCaller([{ port, username: 'countersign', password: 'secret' }]);
    expect(await call()).toEqual({ kind: 'failed', reason: 'authentication_failed', carrierCode: 'sip:401' });
    await done;
  });
});
