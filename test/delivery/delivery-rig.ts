import { createSecretKey, randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import type { CodeMessage } from '../../src/delivery/deliver.ts';
import type { CodeReceipt } from '../../src/delivery/messages/receive.ts';
import { openDelivery } from '../../src/delivery/open-delivery.ts';
import type {
  Lines,
  OutboundMessage,
  Provider,
  ProviderSink,
  ProviderType,
  SendVerdict,
} from '../../src/delivery/provider.ts';
import { createSandbox } from '../../src/delivery/providers/sandbox.ts';
import type { RoutingTable } from '../../src/delivery/routing/table-schema.ts';
import { createBackground } from '../../src/lib/background.ts';
import type { Channel } from '../../src/lib/channels.ts';
import { createKeyring } from '../../src/lib/keyring.ts';
import { createMessageHold } from '../../src/messaging/campaigns/hold-messages.ts';
import { createMessageWindow } from '../../src/messaging/campaigns/message-window.ts';
import { createConsent } from '../../src/messaging/consent/create-consent.ts';

export const NOW = Date.parse('2027-01-15T08:00:00Z');

/** What a carrier does with a message: says this, throws, or never answers. */
export type Behaviour = SendVerdict | Error | 'hangs' | ((message: OutboundMessage) => Promise<SendVerdict>);

/** A carrier in memory: does what is planned for it, then takes everything. */
export interface Carrier {
  sent: OutboundMessage[];
  planned: Behaviour[];
  otherwise: Behaviour | null;
  /** Of one whose calls keep them: as its configuration says, then as the test does. */
  lines: Lines | null;
  sink: ProviderSink | null;
}

export interface DeliveryRigOptions {
  /** Names of carriers, in the order of the file; their members go into the configuration. */
  carriers?: Record<string, object>;
  channels?: readonly Channel[];
  routes?: Partial<RoutingTable>;
  production?: boolean;
}

/** Delivery on a real database, with carriers that do as they are told and a clock in the test's hand. */
export async function openDeliveryRig(db: Database, options: DeliveryRigOptions = {}) {
  const { carriers: named = { main: {} }, production = true } = options;
  const carriers = new Map<string, Carrier>();
  const clock = { now: NOW };
  const lines: string[] = [];
  const log = (facts: object, text: string) => lines.push(`${JSON.stringify(facts)} ${text}`);
  const errors: unknown[] = [];
  const background = createBackground((error) => errors.push(error));
  const sandbox = createSandbox(() => clock.now);
  const registry = new Registry();
  const told: CodeReceipt[] = [];

  const carrier: ProviderType<{ lines?: Lines }> = {
    schema: { type: 'object' },
    create: ({ lines = null }, { name }) => {
      const known: Carrier = carriers.get(name) ?? { sent: [], planned: [], otherwise: null, lines, sink: null };
      carriers.set(name, known);
      return fakeProvider(name, known, options.channels ?? ['sms', 'voice']);
    },
  };
  const hashKey = createSecretKey(randomBytes(32));
  const open = () =>
    openDelivery({
      db,
      redis: null,
      sandbox,
      providers: Object.fromEntries(Object.entries(named).map(([name, own]) => [name, { type: 'carrier', ...own }])),
      routes: options.routes ? { senders: [], rules: [], ...options.routes } : null,
      transcoder: null,
      file: 'countersign.yaml',
      publicUrl: 'https://otp.example.com',
      production,
      project: 'prj_first',
      keyring: createKeyring([randomBytes(32)]),
      hashKey,
      now: () => clock.now,
      log: { debug: log, info: log, warn: log, error: log },
      background: background.run,
      consent: createConsent(db, () => clock.now),
      hold: createMessageHold(db),
      window: createMessageWindow(db, () => clock.now),
      numberOwners: async () => new Map(),
      metrics: { registry: new Registry(), watch: () => {} },
      types: { carrier: async () => carrier },
    });
  const delivery = await open();
  delivery.onCodeReceipt((receipt) => {
    told.push(receipt);
  });
  delivery.start();
  const settled = async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      await background.settled();
      await new Promise(setImmediate);
    }
  };
  onTestFinished(async () => {
    await settled();
    await delivery.close();
    await settled();
  });

  return {
    hashKey,
    delivery,
    clock,
    sandbox,
    registry,
    lines,
    errors,
    told,
    background,
    settled,
    /** Another instance on the same database and the same carriers. */
    beside: open,
    carrier(name = 'main'): Carrier {
      const found = carriers.get(name);
      if (!found) throw new Error(`there is no carrier ${name}`);
      return found;
    },
    deliver: (message: CodeMessage, signal = new AbortController().signal) => delivery.deliver(message, signal),
    async messages() {
      await settled();
      return db.kysely.selectFrom('messages').selectAll().orderBy('created_at').orderBy('id').execute();
    },
    async attempts() {
      await settled();
      return db.kysely.selectFrom('message_attempts').selectAll().orderBy('message_id').orderBy('number').execute();
    },
    events: () => db.kysely.selectFrom('events').selectAll().orderBy('position').execute(),
    /** Everything that is due now, and what follows from it. */
    async work() {
      await settled();
      while ((await delivery.worker.runDue()) + (await delivery.watch(clock.now)) > 0) await settled();
    },
  };
}

let ids = 0;

function fakeProvider(name: string, state: Carrier, channels: readonly Channel[]): Provider {
  return {
    name,
    channels,
    ...(state.lines && { lines: () => state.lines as Lines }),
    start(sink) {
      state.sink = sink;
    },
    async send(message, signal) {
      state.sent.push(message);
      ids += 1;
      const accepted: SendVerdict = { kind: 'accepted', providerId: `${name}-${ids}` };
      const behaviour = state.planned.shift() ?? state.otherwise ?? accepted;
      if (behaviour instanceof Error) throw behaviour;
      if (behaviour === 'hangs') return hang(signal);
      return typeof behaviour === 'function' ? behaviour(message) : behaviour;
    },
  };
}

/** Never answers by itself. */
function hang(signal: AbortSignal): Promise<SendVerdict> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => setTimeout(resolve, 1, { kind: 'failed', reason: 'timeout' }), {
      once: true,
    });
  });
}

export function code(changes: Partial<CodeMessage> = {}): CodeMessage {
  return {
    verificationId: 'ver_1abcdefghjkmnpqrstvwxyz0123',
    startedAt: 0,
    sendIndex: 0,
    project: 'prj_a',
    mode: 'live',
    channel: 'sms',
    to: '+33612345678',
    recipientHash: 'recipient-hash',
    masked: '+33*******78',
    country: 'FR',
    tried: [],
    code: '012345',
    locale: 'fr',
    purpose: 'login',
    brand: 'Café Acme',
    context: null,
    validitySeconds: 600,
    ...changes,
  };
}

export const failed = { kind: 'failed', reason: 'unavailable' } as const;
export const accepted = (providerId: string, more: object = {}): SendVerdict => ({
  kind: 'accepted',
  providerId,
  ...more,
});
