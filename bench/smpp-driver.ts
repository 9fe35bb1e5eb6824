import smpp from 'smpp';
import type { OutboundMessage } from '../src/delivery/provider.ts';
import { smpp as carrier } from '../src/delivery/providers/smpp.ts';
import { createLink, type LinkOptions } from '../src/delivery/smpp/link.ts';
import type { SubmitSm } from '../src/delivery/smpp/pdu-writer.ts';
import { createHttpClient } from '../src/lib/http-client.ts';
import { createSchemaCheck } from '../src/lib/schema-check.ts';

/** Keeps a window full of submits for a while. One process for each client that is measured. */

export type ClientKind = 'package' | 'link' | 'carrier';

export interface SmppOrder {
  port: number;
  window: number;
  durationMs: number;
}

export interface SmppSlice {
  messages: number;
  elapsedMs: number;
  cpuMs: number;
}

/** Submits one message and calls back once it was accepted. */
type Submit = (done: () => void) => void;

const TEXT = 'Your Example code is 123456. It expires in 10 minutes.';
const NOTHING = { info: () => {}, warn: () => {}, error: () => {} };

const openers: Record<ClientKind, (port: number, window: number) => Promise<Submit>> = {
  async package(port) {
    const session = smpp.connect({ host: '127.0.0.1', port });
    await new Promise((resolve) => session.on('connect', resolve));
    session.socket.setNoDelay(true);
    const bind = { system_id: 'bench', password: 'secret', interface_version: 0x34 };
    await new Promise((resolve) => session.bind_transceiver(bind, resolve));
    return (done) => {
      session.submit_sm(
        {
          source_addr_ton: 5,
          source_addr_npi: 0,
          source_addr: 'Example',
          dest_addr_ton: 1,
          dest_addr_npi: 1,
          destination_addr: '33612345678',
          validity_period: '000000001000000R',
          registered_delivery: 1,
          data_coding: 0,
          short_message: TEXT,
        },
        done,
      );
    };
  },

  async link(port, window) {
    const options: LinkOptions = {
      host: '127.0.0.1',
      port,
      tls: null,
      bind: { type: 'transceiver', systemId: 'bench', password: 'secret', systemType: '', addressRange: '' },
      bindTimeoutMs: 10_000,
      responseTimeoutMs: 10_000,
      enquireLinkMs: 30_000,
      window,
      ratePerSecond: null,
      throttlePauseMs: 1_000,
      reconnect: { minMs: 1_000, maxMs: 60_000 },
      statusReasons: {},
    };
    const submit: SubmitSm = {
      serviceType: '',
      source: { ton: 5, npi: 0, address: 'Example' },
      destination: { ton: 1, npi: 1, address: '33612345678' },
      esmClass: 0,
      validityPeriod: '000000001000000R',
      registeredDelivery: 1,
      dataCoding: 0,
      shortMessage: Buffer.from(TEXT),
      tlvs: [],
    };
    const bound = Promise.withResolvers<void>();
    const events = { ready: () => bound.resolve(), down: () => {}, deliver: async () => 0 };
    const link = createLink(1, options, events, NOTHING);
    link.start();
    await bound.promise;
    return (done) =>
      link.submit(submit, (outcome) => {
        if (outcome.kind !== 'answered' || outcome.status !== 0) throw new Error(JSON.stringify(outcome));
        done();
      });
  },

  async carrier(port, window) {
    const config = { host: '127.0.0.1', port, system_id: 'bench', password: 'secret', window };
    const problems = createSchemaCheck(carrier.schema, { defaults: true })(config);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    const http = createHttpClient();
    const state = { seal: String, open: String };
    const recordings = null as never;
    const deps = { name: 'bench', http, callbackUrl: () => null, state, recordings, now: Date.now, log: NOTHING };
    const provider = await carrier.create(config as never, deps);
    provider.start?.({ receipt: async () => {}, inbound: async () => {} });
    const message: OutboundMessage = {
      reference: 'msg_1-1',
      project: 'prj_1',
      mode: 'live',
      channel: 'sms',
      purpose: 'code',
      to: '+33612345678',
      from: 'Example',
      text: TEXT,
      locale: 'en',
      validitySeconds: 600,
    };
    const { signal } = new AbortController();
    return (done) => {
      void provider.send(message, signal).then((verdict) => {
        if (verdict.kind !== 'accepted') throw new Error(JSON.stringify(verdict));
        done();
      });
    };
  },
};

async function runSlice(submit: Submit, { window, durationMs }: SmppOrder): Promise<SmppSlice> {
  let messages = 0;
  let inFlight = 0;
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await new Promise<void>((resolve) => {
    const done = () => {
      messages++;
      inFlight--;
      if (performance.now() - startedAt < durationMs) one();
      else if (inFlight === 0) resolve();
    };
    const one = () => {
      inFlight++;
      submit(done);
    };
    for (let each = 0; each < window; each++) one();
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  return { messages, elapsedMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000 };
}

const kind = process.argv[2] as ClientKind;
const clients = new Map<number, Promise<Submit>>();

process.on('message', async (order: SmppOrder) => {
  const client = clients.get(order.window) ?? openers[kind](order.port, order.window);
  clients.set(order.window, client);
  process.send?.(await runSlice(await client, order));
});
