import { expect, onTestFinished, vi } from 'vitest';
import type {
  InboundMessage,
  OutboundMessage,
  Provider,
  ProviderReceipt,
  SendVerdict,
} from '../../../src/delivery/provider.ts';
import { smpp } from '../../../src/delivery/providers/smpp.ts';
import type { SmppConfig } from '../../../src/delivery/providers/smpp-config.ts';
import { createSchemaCheck } from '../../../src/lib/schema-check.ts';
import { NOW, outbound, recordings, state } from '../providers/provider-rig.ts';
import { WAIT } from './smsc.ts';

/** An SMPP provider and what it has reported. */
export interface Carrier {
  provider: Provider;
  receipts: ProviderReceipt[];
  inbound: InboundMessage[];
  log: (object & { message: string })[];
  /** While set, nothing can be stored. */
  storageFails: boolean;
  /** Called at the moment a message from a phone is handed over, which it may hold up. */
  onInbound: (() => Promise<void> | void) | null;
  send(over?: Partial<OutboundMessage>, signal?: AbortSignal): Promise<SendVerdict>;
  /** Waits for so many lines of this kind. */
  untilLogged(message: string, count?: number): Promise<void>;
}

/** Short times, so that what is waited for happens soon; none of them decides a test. */
const QUICK = {
  reconnect_min_ms: 20,
  reconnect_max_ms: 200,
  throttle_pause_ms: 50,
  drain_ms: 1_000,
  unbound_wait_ms: 10_000,
};

export const BOUND = 'SMPP link bound';
export const DOWN = 'SMPP link down';

/** Configuration as the registry hands it over: checked, defaults filled in. */
export function readConfig(over: object): { config: SmppConfig; problems: { pointer: string; message: string }[] } {
  const config = { host: '127.0.0.1', port: 2775, system_id: 'tester', password: 'secret', ...over } as SmppConfig;
  const errors = createSchemaCheck(smpp.schema, { defaults: true })(config);
  return { config, problems: errors.length > 0 ? errors : (smpp.check?.(config as never) ?? []) };
}

export async function startCarrier(port: number, over: object = {}): Promise<Carrier> {
  const { config, problems } = readConfig({ port, ...QUICK, ...over });
  expect(problems).toEqual([]);
  const log: Carrier['log'] = [];
  const keep = (facts: object, message: string) => void log.push({ ...facts, message });
  const provider = await smpp.create(config as never, {
    name: 'carrier',
    http: { send: () => Promise.reject(new Error('no HTTP')), close: async () => {} },
    callbackUrl: () => null,
    state,
    recordings,
    now: () => NOW,
    log: { info: keep, warn: keep, error: keep },
  });
  onTestFinished(() => provider.close?.());
  const receipts: ProviderReceipt[] = [];
  const inbound: InboundMessage[] = [];
  const carrier: Carrier = {
    provider,
    receipts,
    inbound,
    log,
    storageFails: false,
    onInbound: null,
    send: (message = {}, signal = new AbortController().signal) => provider.send(outbound(message), signal),
    async untilLogged(message, count = 1) {
      await vi.waitFor(() => {
        const found = log.filter((line) => line.message === message).length;
        if (found < count) throw new Error(`${found} of ${count} times: ${message}`);
      }, WAIT);
    },
  };
  const store = async <Report>(kept: Report[], report: Report) => {
    if (carrier.storageFails) throw new Error('the database is down');
    kept.push(report);
  };
  provider.start?.({
    receipt: (receipt) => store(receipts, receipt),
    async inbound(message) {
      await carrier.onInbound?.();
      await store(inbound, message);
    },
  });
  return carrier;
}
