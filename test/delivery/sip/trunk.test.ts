import { expect, it, vi } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { startPhone } from './baresip.ts';
import { startCaller, WAIT } from './caller.ts';
import { ok, receive, receiveCall, respond, startSipp } from './sipp.ts';

const CREDENTIALS = { username: 'countersign', password: 'open sesame' };
const challenge = (nonce: string) => ({
  more: `WWW-Authenticate: Digest realm="trunk", nonce="${nonce}", qop="auth", algorithm=MD5, opaque="5ccc"`,
});

const verified = (method: string) => [
  `<recv request="${method}"><action><verifyauth assign_to="right" username="countersign" password="open sesame"/></action></recv>`,
  '<nop test="right" next="verified"/>',
  '<nop><action><error message="wrong digest"/></action></nop>',
  '<label id="verified"/>',
];

await describeWith(['sipp', 'baresip', 'espeak-ng'], 'a SIP trunk', () => {
  it('is registered with, and taken leave of', async () => {
    const { port, done } = await startSipp([
      receive('REGISTER'),
      respond(401, challenge('abc')),
      ...verified('REGISTER'),
      ok('Expires: 300\nContent-Length: 0'),
      receive('REGISTER', '<ereg regexp="^ *0" search_in="hdr" header="Expires:" check_it="true" assign_to="none"/>'),
      '<Reference variables="none"/>',
      ok(),
    ]);
    const { provider, untilLogged } = await startCaller([{ port, register: true, ...CREDENTIALS }]);
    await untilLogged('SIP registered');
    await provider.close?.();
    await done;
  });

  it('that refuses a registration is told of in the log', async () => {
    const { port, done } = await startSipp([receive('REGISTER'), respond(403)]);
    const { log, untilLogged } = await startCaller([{ port, register: true, ...CREDENTIALS }]);
    await untilLogged('SIP registration failed');
    expect(log).toContainEqual({ trunk: '127.0.0.1', status: 403, message: 'SIP registration failed' });
    expect(JSON.stringify(log)).not.toContain('sesame');
    await done;
  });

  it('that does not answer when it is asked gets no calls, until it answers again', async () => {
    const phone = await startPhone();
    phone.pause();
    const { call, untilLogged } = await startCaller([{ port: phone.port, ping_seconds: 1 }], { t1_ms: 20 });
    await untilLogged('SIP server does not answer');
    expect(await call()).toEqual({ kind: 'failed', reason: 'unavailable', carrierCode: 'sip:no_ping' });
    phone.resume();
    await untilLogged('SIP server answers again');
    expect(await call()).toMatchObject({ kind: 'accepted' });
  });

  it('is answered when it asks whether we are alive; nobody is answered who calls us', async () => {
    const phone = await startPhone();
    const { call } = await startCaller([{ port: phone.port }], { local_port: phone.spare });
    await call();
    await phone.tell('options', `sip:127.0.0.1:${phone.spare}`);
    await phone.tell('dial', `sip:countersign@127.0.0.1:${phone.spare}`);
    await vi.waitFor(() => {
      const closed = phone.events.find(({ type, direction }) => type === 'CALL_CLOSED' && direction === 'outgoing');
      expect(closed).toMatchObject({ param: expect.stringContaining('480') });
    }, WAIT);
  });

  it('gets calls with the numbers as it wants them', async () => {
    const number =
      '<ereg regexp="^INVITE sip:00133612345678@example.com;user=phone" search_in="msg" check_it="true" assign_to="uri"/>';
    const from =
      '<ereg regexp="sip:33180000000@example.com" search_in="hdr" header="P-Asserted-Identity:" check_it="true" assign_to="from"/>';
    const { port, done } = await startSipp([
      receiveCall(number + from),
      '<Reference variables="uri,from"/>',
      respond(486),
      receive('ACK'),
    ]);
    const { call } = await startCaller([
      { port, domain: 'example.com', number_form: 'digits', prefix: '001', assert_identity: true },
    ]);
    expect(await call()).toMatchObject({ kind: 'rejected', reason: 'busy' });
    await done;
  });

  it('may ask for credentials again at the end of a call', async () => {
    const { port, done } = await startSipp(
      [
        receiveCall(),
        respond(200, { audio: true }),
        receive('ACK'),
        receive('BYE'),
        ok()
          .replace('200 OK', '401 Test')
          .replace('[last_CSeq:]', `[last_CSeq:]\n${challenge('def').more}`),
        ...verified('BYE'),
        ok(),
      ],
      { echo: true },
    );
    const { call, untilReceipt } = await startCaller([{ port, ...CREDENTIALS }]);
    await call();
    expect(await untilReceipt()).toMatchObject({ status: 'delivered' });
    await done;
  });
});
