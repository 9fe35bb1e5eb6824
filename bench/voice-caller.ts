import { setTimeout as sleep } from 'node:timers/promises';
import type { OutboundMessage, SpokenScript } from '../src/delivery/provider.ts';
import { sip } from '../src/delivery/providers/sip.ts';
import type { SipConfig } from '../src/delivery/providers/sip-config.ts';
import { createSchemaCheck } from '../src/lib/schema-check.ts';

/** The provider by itself, as the service runs it, with calls that last until it is told to stop. */
const SCRIPT: SpokenScript = {
  locale: 'en',
  greeting: 'Hello, this is Example.',
  body: [{ say: 'Your code is' }, ...Array.from({ length: 8 }, () => ({ digits: '40718293' }))],
  repeats: 5,
  goodbye: 'Goodbye.',
};

/** A busy trunk: calls do not begin all at the same moment. */
const SPACING_MS = 10;

async function call(count: number, port: number): Promise<number[]> {
  const config = {
    trunks: [
      { host: '127.0.0.1', port, caller_id: '+33180000000', channels: count, calls_per_second: 1_000, ping_seconds: 0 },
    ],
    speech: { command: ['espeak-ng', '--stdin', '--stdout', '-v', '{voice}', '-s', '{rate}'] },
    max_call_seconds: 600,
    // The phones speak from another port than they listen at.
    symmetric_rtp: 'off',
  } as unknown as SipConfig;
  createSchemaCheck(sip.schema, { defaults: true })(config);
  const silent = () => {};
  const provider = await sip.create(config, {
    name: 'bench',
    http: { send: () => Promise.reject(new Error('no HTTP')), close: async () => {} },
    callbackUrl: () => null,
    state: null as never,
    recordings: { link: () => '', samples: async () => null },
    now: Date.now,
    log: { info: silent, warn: silent, error: silent },
  });
  provider.start?.({ receipt: async () => {}, inbound: async () => {} });
  const setUps: Promise<number>[] = [];
  for (let number = 0; number < count; number++) {
    setUps.push(setUp(number));
    await sleep(SPACING_MS);
  }
  return Promise.all(setUps);

  async function setUp(number: number): Promise<number> {
    const started = performance.now();
    const message: OutboundMessage = {
      reference: `bench-${number}`,
      project: 'bench',
      mode: 'live',
      channel: 'voice',
      purpose: 'code',
      to: `+336${String(10_000_000 + number)}`,
      from: 'Example',
      text: '',
      locale: 'en',
      script: SCRIPT,
      validitySeconds: 600,
    };
    const verdict = await provider.send(message, new AbortController().signal);
    if (verdict.kind !== 'accepted') throw new Error(`a call was ${verdict.kind}: ${verdict.reason}`);
    return performance.now() - started;
  }
}

process.on('message', async ({ count, port }: { count: number; port: number }) => {
  process.send?.(await call(count, port));
});
