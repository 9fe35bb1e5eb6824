import { expect, it } from 'vitest';
import { resolveServer, systemDns } from '../../../src/delivery/sip/resolve-server.ts';
import { readSdp } from '../../../src/delivery/sip/sdp.ts';
import { describeWith } from '../../rig/stores.ts';
import { startPhone } from './baresip.ts';
import { BRIEF_CODE, GATED, startCaller } from './caller.ts';
import { hearDigits } from './hear-digits.ts';

await describeWith(['baresip', 'espeak-ng'], 'a call over IPv6', () => {
  it.each(['udp', 'tcp'])('by %s is heard, and the key comes back', async (transport) => {
    const phone = await startPhone({ address: '::1' });
    const { call, untilReceipt } = await startCaller([{ host: '::1', port: phone.port, transport }]);
    expect(await call({ script: GATED })).toMatchObject({ kind: 'accepted' });
    await phone.until('CALL_ESTABLISHED');
    await phone.press('1');
    expect(await untilReceipt()).toMatchObject({ status: 'delivered' });
    expect(hearDigits(await phone.recording())).toContain(BRIEF_CODE);
  });
});

it('an address is the same in each of its spellings', async () => {
  const sdp = 'v=0\r\nc=IN IP6 2001:DB8:0:0:0:0:0:1\r\nm=audio 4000 RTP/AVP 8\r\n';
  expect(readSdp(Buffer.from(sdp))?.address).toBe('2001:db8::1');
  const [server] = await resolveServer({ protocol: 'udp', host: '2001:DB8:0::1', port: 5060 }, systemDns);
  expect(server?.address).toBe('2001:db8::1');
});
