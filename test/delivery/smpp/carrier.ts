import type {
  InboundMessage,
  OutboundMessage,
  Provider,
  ProviderReceipt,
  SendVerdict,
} from '../../../src/delivery/provider.ts';
import { smpp } from '../../../src/delivery/providers/smpp.ts';
import { makeProvider, outbound } from '../providers/provider-rig.ts';

/** An SMPP provider and what it has reported. */
export interface Carrier {
  provider: Provider;
  receipts: ProviderReceipt[];
  inbound: InboundMessage[];
  /** While set, nothing can be stored. */
  storageFails: boolean;
  send(over?: Partial<OutboundMessage>, signal?: AbortSignal): Promise<SendVerdict>;
}

/** Short times, so that what is waited for happens soon; none of them decides a test. */
const QUICK = {
  reconnect_min_ms: 20,
  reconnect_max_ms: 200,
  throttle_pause_ms: 50,
  drain_ms: 1_000,
  unbound_wait_ms: 10_000,
};

export async function startCarrier(port: number, config: object = {}): Promise<Carrier> {
  const provider = await makeProvider(smpp, {
    host: '127.0.0.1',
    port,
    system_id: 'tester',
    password: 'secret',
    ...QUICK,
    ...config,
  });
  const receipts: ProviderReceipt[] = [];
  const inbound: InboundMessage[] = [];
  const carrier: Carrier = {
    provider,
    receipts,
    inbound,
    storageFails: false,
    send: (over = {}, signal = new AbortController().signal) => provider.send(outbound(over), signal),
  };
  const store = async <Report>(kept: Report[], report: Report) => {
    if (carrier.storageFails) throw new Error('the database is down');
    kept.push(report);
  };
  provider.start?.({
    receipt: (receipt) => store(receipts, receipt),
    inbound: (message) => store(inbound, message),
  });
  return carrier;
}
