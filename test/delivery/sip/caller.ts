import { expect, onTestFinished, vi } from 'vitest';
import type {
  OutboundMessage,
  Provider,
  ProviderReceipt,
  SendVerdict,
  SpokenScript,
} from '../../../src/delivery/provider.ts';
import { sip } from '../../../src/delivery/providers/sip.ts';
import type { SipConfig } from '../../../src/delivery/providers/sip-config.ts';
import { createSchemaCheck } from '../../../src/lib/schema-check.ts';
import { atFileEnd } from '../../rig/file-end.ts';
import { NOW, outbound, recordings, state } from '../providers/provider-rig.ts';

/** A provider of the type `sip` and what it has reported. */
export interface Caller {
  provider: Provider;
  receipts: ProviderReceipt[];
  log: (object & { message: string })[];
  /** While set, nothing can be stored. */
  storageFails: boolean;
  call(over?: Partial<OutboundMessage>, signal?: AbortSignal): Promise<SendVerdict>;
  /** Waits for so many receipts and returns the last. */
  untilReceipt(count?: number): Promise<ProviderReceipt | undefined>;
  untilLogged(message: string): Promise<void>;
}

/** Short times, so that what is waited for happens soon; none of them decides a test. */
const QUICK = {
  // Not shorter: a request that is sent again because the machine was busy ends a scenario of SIPp.
  t1_ms: 400,
  t2_ms: 1_600,
  settle_ms: 100,
  gate_wait_ms: 2_000,
  between_repeats_ms: 300,
  opt_out_wait_ms: 1_000,
  drain_ms: 200,
  wait_ms: 1_000,
};

const TRUNK = { host: '127.0.0.1', caller_id: '+33180000000', ping_seconds: 0 };

export const ESPEAK = ['espeak-ng', '--stdin', '--stdout', '-v', '{voice}', '-s', '{rate}'];

export const WAIT = { timeout: 40_000, interval: 10 };

export const SCRIPT: SpokenScript = {
  locale: 'en',
  greeting: 'Hello, this is Example.',
  body: [{ say: 'Your code is' }, { digits: '4071' }],
  repeats: 1,
  goodbye: 'Goodbye.',
};

/** As little as can be said. */
export const BRIEF: SpokenScript = { ...SCRIPT, greeting: '', body: [{ digits: '7' }], goodbye: '' };
export const BRIEF_CODE = '41';

export const GATED: SpokenScript = {
  ...SCRIPT,
  body: [{ digits: BRIEF_CODE }],
  goodbye: '',
  gate: { key: '1', prompt: 'To listen, press one.' },
};

/** Configuration as the registry hands it over: checked, defaults filled in. */
export function readConfig(over: object): { config: SipConfig; problems: { pointer: string; message: string }[] } {
  const config = { speech: { command: ESPEAK }, ...over } as SipConfig;
  const errors = createSchemaCheck(sip.schema, { defaults: true })(config);
  return { config, problems: errors.length > 0 ? errors : (sip.check?.(config as never) ?? []) };
}

/** `trunks`: what is different from a plain one over UDP to 127.0.0.1. */
export async function startCaller(trunks: readonly object[], over: object = {}): Promise<Caller> {
  const { config, problems } = readConfig({
    ...QUICK,
    trunks: trunks.map((trunk) => ({ ...TRUNK, ...trunk })),
    ...over,
  });
  expect(problems).toEqual([]);
  const log: Caller['log'] = [];
  const keep = (facts: object, message: string) => void log.push({ ...facts, message });
  const provider = await sip.create(config as never, {
    name: 'trunk',
    http: { send: () => Promise.reject(new Error('no HTTP')), close: async () => {} },
    callbackUrl: () => null,
    state,
    recordings,
    now: () => NOW,
    log: { info: keep, warn: keep, error: keep },
  });
  onTestFinished(() => {
    // It waits a moment for what may still be answered; the next test need not.
    const closed = provider.close?.();
    atFileEnd(() => closed);
  });
  const receipts: ProviderReceipt[] = [];
  const caller: Caller = {
    provider,
    receipts,
    log,
    storageFails: false,
    call: (over = {}, signal = new AbortController().signal) =>
      provider.send(outbound({ channel: 'voice', script: BRIEF, ...over }), signal),
    async untilReceipt(count = 1) {
      await vi.waitFor(() => {
        if (receipts.length < count) throw new Error(`${receipts.length} of ${count} receipts`);
      }, WAIT);
      return receipts[count - 1];
    },
    async untilLogged(message) {
      await vi.waitFor(() => {
        if (!log.some((line) => line.message === message)) throw new Error(`never logged: ${message}`);
      }, WAIT);
    },
  };
  provider.start?.({
    async receipt(receipt) {
      if (caller.storageFails) throw new Error('the database is down');
      receipts.push(receipt);
    },
    inbound: async () => {},
  });
  return caller;
}
