import type { KeyObject } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Database } from '../db/open.ts';
import type { RedisHandle } from '../db/redis.ts';
import { createQueue, type JobQueue } from '../jobs/queue.ts';
import type { JobWorker } from '../jobs/worker.ts';
import type { Channel } from '../lib/channels.ts';
import type { Now } from '../lib/clock.ts';
import { ConfigError } from '../lib/config-error.ts';
import { createHttpClient } from '../lib/http-client.ts';
import type { Keyring } from '../lib/keyring.ts';
import { createBulkPlaces } from './bulk-places.ts';
import type { DeliveryLog } from './call-provider.ts';
import { createProviderChoice, type ProviderChoice } from './choose-provider.ts';
import { type CodeMessage, type DeliverResult, deliverCode, recordLostCode } from './deliver.ts';
import { createDeliveryMetrics, type DeliveryMetrics } from './delivery-metrics.ts';
import type { Consent, MessageGate } from './messages/gate.ts';
import { type InboundOwner, type InboundRow, keepInbound, type NumberOwners } from './messages/keep-inbound.ts';
import { createKnownNetwork } from './messages/known-network.ts';
import { LANES, referenceOf } from './messages/message.ts';
import type { MessageHold } from './messages/message-hold.ts';
import type { MessageWindow } from './messages/message-window.ts';
import { type CodeReceipt, createReceiver, type Receiver } from './messages/receive.ts';
import { createOptOutRecorder } from './messages/record-opt-out.ts';
import { type BulkSender, createBulkSender } from './messages/send-bulk.ts';
import { createSendLog, type SendEntry } from './messages/send-log.ts';
import { countParkedReceipts, watchMessages } from './messages/watch.ts';
import { createMessageWorker } from './messages/work.ts';
import { type CodeLog, createCodeLog } from './messages/write-behind.ts';
import { openProviders, type ProviderConfig, type ProviderTypes } from './open-providers.ts';
import type { InboundMessage, OutboundMessage, Provider, ProviderReceipt } from './provider.ts';
import { createProviderSlots } from './provider-slots.ts';
import type { Sandbox } from './providers/sandbox.ts';
import { createRecordingLinks, type RecordingLinks } from './recordings/recording-links.ts';
import { createRecordings, type Recordings } from './recordings/recordings.ts';
import { FFMPEG } from './recordings/transcode.ts';
import { checkTable } from './routing/check-table.ts';
import { createRouting, type OpenRouting } from './routing/create-routing.ts';
import type { RoutingTable } from './routing/table-schema.ts';
import { type CodeTemplates, createCodeTemplates } from './wording/code-templates.ts';
import { type Composer, createComposer } from './wording/composer.ts';

export interface DeliveryDeps {
  db: Database;
  redis: RedisHandle | null;
  sandbox: Sandbox;
  /** As the configuration file has them, defaults filled in. */
  providers: Readonly<Record<string, ProviderConfig>>;
  routes: RoutingTable | null;
  /** Path of the file, for messages. */
  file: string;
  publicUrl: string | null;
  /** The program that converts uploaded recordings, with its arguments; null: ffmpeg. */
  transcoder: readonly string[] | null;
  keyring: Keyring;
  production: boolean;
  /** The first project: whose audit log tells of routing tables. */
  project: string;
  hashKey: KeyObject;
  now: Now;
  log: DeliveryLog;
  background(task: Promise<unknown>): void;
  consent: Consent;
  hold: MessageHold;
  window: MessageWindow;
  numberOwners: NumberOwners;
  metrics: DeliveryWatch;
  /** Passed by tests. */
  types?: ProviderTypes;
}

/** What is used of http/metrics.ts. */
export interface DeliveryWatch {
  registry: Registry;
  watch(name: string, help: string, read: () => number | null | Promise<number | null>): void;
}

/** Everything between a message and the carriers. */
export interface Delivery {
  deliver(message: CodeMessage, signal: AbortSignal): Promise<DeliverResult>;
  /** The process that sent this code died; resolves when that is on record, or the database does not answer. */
  lost(message: CodeMessage): Promise<void>;
  /** Who is told what carriers report of codes. */
  onCodeReceipt(handler: (receipt: CodeReceipt) => Promise<void> | void): void;
  /** A code was approved that went through these providers. */
  converted(sends: readonly { provider: string; channel: Channel; at: number }[], country: string | null): void;
  /** What a carrier says by itself or when it calls back; resolves when it is kept. */
  receive(provider: string, receipts: readonly ProviderReceipt[]): Promise<void>;
  /** `owner`: whose messages they are, where that is known. */
  takeInbound(provider: string, messages: readonly InboundMessage[], owner?: InboundOwner): Promise<void>;
  /** Who is told of messages from phones, before the carrier hears that they are taken; again when it reports them again. */
  onInbound(handler: (messages: readonly InboundRow[]) => Promise<void>): void;
  gate: MessageGate;
  providers: ReadonlyMap<string, Provider>;
  choice: ProviderChoice;
  routing: OpenRouting;
  queue: JobQueue;
  /** Sends what is queued; started by whoever does the due work. */
  worker: JobWorker;
  /** For who sends many at once. */
  bulk: BulkSender;
  /** One look at what no call and no receipt brings about. */
  watch(now: number): Promise<number>;
  metrics: DeliveryMetrics;
  /** The words of codes. */
  templates: CodeTemplates;
  composer: Composer;
  recordings: Recordings;
  links: RecordingLinks;
  /** Standing connections and figures; from here on carriers may report. */
  start(): void;
  close(): Promise<void>;
}

export async function openDelivery(deps: DeliveryDeps): Promise<Delivery> {
  const { db, redis, sandbox, production, now, log, background } = deps;
  await using opening = new AsyncDisposableStack();
  const http = createHttpClient();
  opening.defer(() => http.close());
  const recordings = createRecordings(db, deps.transcoder ?? FFMPEG);
  const links = createRecordingLinks(deps.keyring);
  const opened = await openProviders(deps.providers, { ...deps, http, recordings, links });
  opening.defer(() => opened.close());
  const { providers } = opened;
  if (production && providers.size === 0) log.warn({}, 'no provider is configured: nothing live can be sent');
  refuseUnusable(deps.routes, [...providers.values()], deps.file);
  const routing = await createRouting({
    db,
    redis,
    providers: [...providers.values()],
    fileTable: deps.routes,
    project: deps.project,
    now,
    log,
  });
  opening.defer(() => routing.close());

  const metrics = createDeliveryMetrics(deps.metrics.registry);
  const templates = createCodeTemplates({ db, now });
  const composer = createComposer({ templates, log });
  const choice = createProviderChoice({ providers, sandbox, routing, production });
  const queue = createQueue(db, 'messages', Object.values(LANES));
  const knownNetwork = createKnownNetwork(db, now);
  const write = createSendLog(db, queue);
  /** A carrier says so again with the next message: what cannot be written now is written then. */
  const optedOut = createOptOutRecorder(db, deps.hashKey, deps.consent.keepOptOuts, now);
  const tries = {
    ...{ find: choice.find, routing, slots: createProviderSlots(), now, log, metrics },
    optedOut: (message: OutboundMessage, messageId: string) => background(optedOut(message, messageId)),
  };
  const places = createBulkPlaces(choice.find);
  let tellVerify: (receipt: CodeReceipt) => Promise<void> | void = () => {};
  const onError = (error: unknown) => log.warn({ err: error }, 'a message could not be worked on');
  const receiver: Receiver = createReceiver({
    db,
    queue,
    choice,
    routing,
    now,
    onCode: (receipt) => tellVerify(receipt),
    background,
    onError,
    metrics,
    reportsOnce: opened.reportsOnce,
    keepOptOuts: deps.consent.keepOptOuts,
  });
  /** A receipt may have been faster than the provider's answer. */
  const onWritten = (entries: readonly SendEntry[]) => {
    const ended = entries.filter((entry) => entry.kind === 'ended');
    if (ended.length === 0) return;
    background(
      receiver.attemptsEnded(
        ended.map(({ provider, partIds, messageId, attempt }) => ({
          provider,
          partIds,
          reference: referenceOf(messageId, attempt),
        })),
      ),
    );
  };
  const codeLog = createCodeLog({
    write,
    onWritten,
    onLost(count, why) {
      metrics.lost(why, count);
      log.error({ count, why }, 'rows of codes are lost');
    },
    onHeldUp: (error) => log.warn({ err: error }, 'rows of codes wait for the database'),
    onRecovered: () => log.info({}, 'rows of codes are written again'),
  });
  opening.defer(() => codeLog.close());
  const worker = createMessageWorker({
    ...tries,
    db,
    queue,
    choice,
    places,
    knownNetwork,
    gate: deps.consent.gate,
    hold: deps.hold,
    window: deps.window,
    onError,
    async write(entries) {
      const written = await write(entries);
      onWritten(entries);
      return written;
    },
  });
  opening.defer(() => worker.stop());
  const bulk = createBulkSender({
    ...{ ...tries, db, queue, choice, knownNetwork, places },
    attemptsEnded: (attempts) => background(receiver.attemptsEnded(attempts)),
  });
  watchQueues(deps.metrics, db, queue, codeLog, now);
  let tellOfInbound = async (_messages: readonly InboundRow[]): Promise<void> => {};
  const takeInbound: Delivery['takeInbound'] = async (provider, messages, owner) => {
    if (messages.length === 0) return;
    const numbers = messages.map(({ to }) => to);
    const owners = owner ? new Map(numbers.map((to) => [to, owner])) : await deps.numberOwners(numbers);
    const kept = await keepInbound(db, deps.hashKey, provider, messages, now(), owners);
    if (kept.length > 0) await tellOfInbound(kept);
  };
  sandbox.onReceipt((receipt) => {
    const kept = receiver.receive(sandbox.name, [receipt]);
    // Who waits for what is under way waits for this too; the sandbox hears of a failure and reports again.
    background(kept.catch(() => {}));
    return kept;
  });

  const closing = opening.move();
  return {
    deliver: (message, signal) =>
      deliverCode(
        { ...tries, choice, knownNetwork, codeLog, composer, background, gate: deps.consent.codeGate },
        message,
        signal,
      ),
    lost: (message) => recordLostCode({ codeLog, now }, message),
    onCodeReceipt(handler) {
      tellVerify = handler;
    },
    converted(sends, country) {
      const at = now();
      for (const { provider, channel, at: sentAt } of sends)
        routing.converted({ provider, channel, country }, at, sentAt);
    },
    receive: receiver.receive,
    takeInbound,
    onInbound(handler) {
      tellOfInbound = handler;
    },
    gate: deps.consent.gate,
    providers,
    choice,
    routing,
    queue,
    worker,
    bulk,
    watch: (at) => watchMessages({ db, queue, choice, receiver }, at),
    metrics,
    templates,
    composer,
    recordings,
    links,
    start() {
      routing.start();
      for (const [name, provider] of providers) {
        provider.start?.({
          receipt: (receipt) => receiver.receive(name, [receipt]),
          inbound: (message) => takeInbound(name, [message]),
        });
      }
    },
    close: () => closing.disposeAsync(),
  };
}

function refuseUnusable(routes: RoutingTable | null, providers: readonly Provider[], file: string): void {
  const [problem] = routes ? checkTable(routes, providers) : [];
  if (problem) throw new ConfigError(`${file}: /routes${problem.pointer} ${problem.message}`);
}

function watchQueues(metrics: DeliveryWatch, db: Database, queue: JobQueue, codeLog: CodeLog, now: Now): void {
  metrics.watch('messages_due', 'Messages whose time to be sent has come.', async () => {
    return (await queue.figures(now())).due;
  });
  metrics.watch('messages_due_age_seconds', 'How long the one that has waited longest has been due.', async () => {
    const { oldestDueAt } = await queue.figures(now());
    return oldestDueAt === null ? 0 : Math.max(0, now() - oldestDueAt) / 1000;
  });
  metrics.watch('messages_dead', 'Messages that were given up because working on them fails.', async () => {
    return (await queue.figures(now())).dead;
  });
  metrics.watch('receipts_parked', 'Receipts of messages that are not known here.', () => countParkedReceipts(db));
  metrics.watch('code_rows_waiting', 'Rows of codes that wait for the database.', () => codeLog.waiting());
}
