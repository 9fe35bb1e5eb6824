import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { type AuditLog, logOrigin, openAuditLog } from './audit/log/open-audit-log.ts';
import type { Outlets } from './audit/outlets.ts';
import { recordConfiguration } from './audit/record-configuration.ts';
import type { Recorder } from './audit/recorder.ts';
import { createRefusalLog, type RefusalLog } from './audit/refusal-log.ts';
import { openSinks } from './audit/shipping/open-sinks.ts';
import type { Config } from './config.ts';
import { ensureHashKey } from './db/hash-key.ts';
import { migrate } from './db/migrate.ts';
import { type Database, openDatabase } from './db/open.ts';
import type { RedisHandle } from './db/redis.ts';
import { createMessages } from './delivery/messages/create.ts';
import { type Delivery, openDelivery } from './delivery/open-delivery.ts';
import { createSandbox, type Sandbox } from './delivery/providers/sandbox.ts';
import { developmentSecret } from './development-secrets.ts';
import { createLogger } from './http/access-log.ts';
import { createSqlIdempotencyStore } from './http/idempotency-sql.ts';
import type { IdempotencyStore } from './http/idempotency-store.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import type { RateCounter } from './http/rate-counter.ts';
import { createSqlRateCounter } from './http/rate-counter-sql.ts';
import { type Background, createBackground } from './lib/background.ts';
import { type Now, systemNow } from './lib/clock.ts';
import { codeTraffic } from './lib/code-traffic.ts';
import { createGuardedHttpClient } from './lib/guarded-http-client.ts';
import { createKeyring, type Keyring } from './lib/keyring.ts';
import { createTargetGuard, type TargetGuard } from './lib/target-guard.ts';
import { createMessageHold } from './messaging/campaigns/hold-messages.ts';
import { createMessageWindow } from './messaging/campaigns/message-window.ts';
import { createConsent } from './messaging/consent/create-consent.ts';
import { createReplyTaker, type ReplyDeps } from './messaging/consent/take-reply.ts';
import { type Imports, openImports } from './messaging/contacts/imports/import-worker.ts';
import { createConversationHandler } from './messaging/conversations/conversation-handler.ts';
import { createKeywordHandler } from './messaging/inbound/keyword-handler.ts';
import { createNumberOwners } from './messaging/inbound/number-owners.ts';
import { type Inbound, openInbound } from './messaging/inbound/open-inbound.ts';
import { createSurveyHandler } from './messaging/inbound/survey-handler.ts';
import { type Links, openLinks } from './messaging/links/open-links.ts';
import { createTemplateReader, type TemplateReader } from './messaging/templates/template-reader.ts';
import { type Messaging, openMessaging } from './open-messaging.ts';
import { openPersonalData, type Privacy } from './open-privacy.ts';
import type { RedisSide } from './open-redis.ts';
import { type AppIdentities, createAppIdentities } from './projects/app-identities.ts';
import { type ProofDeps, systemResolveTxt } from './projects/app-identities-proof.ts';
import { ensureFirstProject, type FirstProject } from './projects/first-project.ts';
import { findProject } from './projects/projects.ts';
import { assertNoTestNumbers } from './projects/test-numbers.ts';
import { installationIssuer } from './tokens/issuer.ts';
import { createKeySet, type KeySet } from './tokens/key-set.ts';
import { createProofs, type Proofs } from './tokens/proof.ts';
import { ensureSigningKey } from './tokens/signing-keys.ts';
import { withAcceptanceLedger } from './verify/acceptance-ledger.ts';
import type { Channel, Send } from './verify/challenge.ts';
import { createCodeHasher } from './verify/code.ts';
import type { Deliver } from './verify/deliver.ts';
import type { VerifyDeps } from './verify/deps.ts';
import { createGuards } from './verify/guards.ts';
import { createKnownDevices } from './verify/known-devices.ts';
import { createPolicyResolver } from './verify/policy.ts';
import { handleReceipt } from './verify/receipts.ts';
import { getRecord } from './verify/records.ts';
import { createSqlStore } from './verify/sql-store.ts';
import { watchSteps } from './verify/watch-steps.ts';
import { resealEndpoints } from './webhooks/endpoints/reseal-endpoints.ts';
import { openWebhooks, type Webhooks } from './webhooks/open-webhooks.ts';

/** Everything that lives as long as the process: stores, keys, delivery, the lifecycle. */
export interface Services {
  config: Config;
  log: Logger;
  now: Now;
  db: Database;
  redis: RedisHandle | null;
  /** Drains Redis' event streams into SQL; null without Redis. */
  recorder: Recorder | null;
  auditLog: AuditLog;
  /** SIEMs that get every event. */
  sinks: Outlets;
  idempotency: IdempotencyStore;
  /** Erasures, copies, retention. */
  privacy: Privacy;
  rateCounter: RateCounter;
  keyring: Keyring;
  hashKey: KeyObject;
  metrics: Metrics;
  background: Background;
  sandbox: Sandbox;
  delivery: Delivery;
  /** Short links and their clicks. */
  links: Links;
  /** The words of messages. */
  templateReader: TemplateReader;
  keySet: KeySet;
  proofs: Proofs;
  identities: AppIdentities;
  /** How an origin is proven to be a project's. */
  originProofs: ProofDeps;
  /** Where webhooks may go. */
  webhookGuard: TargetGuard;
  webhooks: Webhooks;
  messaging: Messaging;
  /** What the service writes to people by itself. */
  replies: Pick<ReplyDeps, 'send' | 'profileOf'>;
  /** What is done about messages from phones. */
  inbound: Inbound;
  /** Contacts from files. */
  imports: Imports;
  verify: VerifyDeps;
  firstProject: FirstProject;
  /** Requests that were refused for who sent them. */
  refusals: RefusalLog;
  /** Lets running work end, then closes the stores. */
  close(): Promise<void>;
}

export interface OpenOptions {
  now?: Now;
  log?: Logger;
  /** Takes the place of delivery: measurements and embedders that send by themselves. */
  deliver?: Deliver;
}

/** How long work that outlives its request may take when the process ends; a carrier call takes at most ten seconds. */
const SETTLE_MS = 12_000;

/** Opens the stores, brings the schema up to date and makes what a new installation needs. */
export async function openServices(config: Config, options: OpenOptions = {}): Promise<Services> {
  const now = options.now ?? systemNow;
  const log = options.log ?? createLogger({ level: config.file.log_level });
  const keyring = createKeyring(config.masterSecrets ?? [developmentSecret(config.dataFolder)]);
  // Whatever is open when a later step fails is closed again.
  await using opening = new AsyncDisposableStack();
  const databaseOptions = {
    poolSize: config.file.database_pool,
    onError: (error: unknown) => log.warn({ err: error }, 'database connection lost'),
  };
  const db = opening.adopt(await openDatabase(config.databaseUrl, databaseOptions), (open) => open.close());
  await migrate(db, now());
  const hashKey = await ensureHashKey(db.kysely, keyring);
  const firstProject = await ensureFirstProject(db, config, now());
  const { mode, allowPrivateWebhooks, file } = config;
  const settings = { ...file, mode, allowPrivateWebhooks, secret: keyring.current };
  await recordConfiguration(db, { settings, hashKey, project: firstProject.id }, now());
  if (config.mode === 'production') await assertNoTestNumbers(db);
  await ensureSigningKey(db, keyring, now());
  await resealEndpoints(db, keyring);

  const metrics = createMetrics();
  const background = createBackground((error) => log.error({ err: error }, 'background work failed'));
  const redisSide = await openRedisIfConfigured(config, db, log, now);
  if (redisSide) opening.adopt(redisSide, (open) => open.close());
  const keySet = createKeySet({ db: db.kysely, keyring });
  // In memory from the start: proofs are signed while the database is away.
  await keySet.published(now());
  const { public_url, audit } = config.file;
  const proofs = createProofs({ keys: keySet, issuer: public_url ?? installationIssuer(hashKey) });
  const auditLog = await openAuditLog({
    db,
    keyring,
    now,
    log,
    metrics,
    checkpointSeconds: audit.checkpoint_seconds,
    anchors: audit.anchors,
    file: config.filePath ?? '',
    origin: public_url === undefined ? installationIssuer(hashKey) : logOrigin(public_url),
  });
  const sinkDeps = { db, now, log, registry: metrics.registry, file: config.filePath ?? '' };
  const sinks = await openSinks(audit.sinks, sinkDeps);

  const sandbox = createSandbox(now);
  const window = createMessageWindow(db, now);
  const delivery = opening.adopt(
    await openDelivery({
      db,
      redis: redisSide?.redis ?? null,
      sandbox,
      providers: config.file.providers,
      routes: config.file.routes ?? null,
      file: config.filePath ?? '',
      publicUrl: config.file.public_url ?? null,
      transcoder: config.file.recordings.transcoder ?? null,
      keyring,
      production: config.mode === 'production',
      project: firstProject.id,
      hashKey,
      consent: createConsent(db, now),
      hold: createMessageHold(db),
      window,
      numberOwners: createNumberOwners(db.kysely),
      now,
      log,
      background: background.run,
      metrics,
    }),
    // What it writes last goes on in the background.
    (open) => open.close().then(() => settle(background)),
  );
  const links = openLinks({
    db,
    hashKey,
    config: config.file.links,
    publicUrl: public_url,
    onError: (error) => log.warn({ err: error }, 'clicks wait for the database'),
  });
  opening.defer(() => links.close());
  const identities = createAppIdentities({ db, now, isSandboxed: delivery.choice.toSandbox });
  const publicHttp = createGuardedHttpClient(createTargetGuard(), {
    maxAnswerBytes: 16_384,
    connectionsPerOrigin: 1,
  });
  opening.defer(() => publicHttp.close());
  const webhookGuard = createTargetGuard({
    allowPrivate: config.allowPrivateWebhooks,
    ports: config.file.webhooks.ports,
    ownHosts: public_url === undefined ? [] : [new URL(public_url).hostname],
  });
  const webhooks = openWebhooks({ db, keyring, guard: webhookGuard, metrics, now, log });
  opening.defer(() => webhooks.close());
  const onImportError = (error: unknown) => log.warn({ err: error }, 'an import failed; it is tried again');
  const imports = openImports({ db, hashKey, now, onError: onImportError });
  const store = withAcceptanceLedger(watchSteps(redisSide?.store ?? createSqlStore(db), codeTraffic.watch), db);
  opening.defer(() => store.close());
  const verify: VerifyDeps = {
    now,
    store,
    hasher: createCodeHasher(keyring, {
      concurrency: config.file.hashing.concurrency,
      maxQueued: config.file.hashing.max_queued,
    }),
    keyring,
    hashKey,
    guards: createGuards(hashKey),
    ...(options.deliver ? { deliver: options.deliver } : { deliver: delivery.deliver, lost: delivery.lost }),
    approved: ({ sends, country }) => {
      const sent = carried(sends);
      // What goes by e-mail goes to no country.
      if (sent) delivery.converted([sent], sent.channel === 'email' ? null : country);
    },
    signProof: proofs.sign,
    identities,
    devices: createKnownDevices(db.kysely),
    records: { get: (who) => getRecord(db, who) },
    background: background.run,
    metrics,
  };
  const refusals = createRefusalLog({
    db,
    now,
    project: firstProject.id,
    background: background.run,
    onError: (error) => log.warn({ err: error }, 'refused requests could not be written to the audit log yet'),
  });
  const idempotency = redisSide?.idempotency ?? createSqlIdempotencyStore(db);
  const privacy = openPersonalData({
    ...{ config, db, keyring, hashKey, verify, delivery, links, sandbox, idempotency, now, log, firstProject },
    redis: redisSide?.redis ?? null,
    recorder: redisSide?.recorder ?? null,
  });
  watchQueues(metrics, verify, redisSide?.recorder);
  const replies = {
    send: createMessages({ ...delivery, db, hashKey }),
    profileOf: createBrandLookup(db.kysely, config),
  };
  const templateReader = createTemplateReader({ db, now });
  const webhookHttp = createGuardedHttpClient(webhookGuard, { maxAnswerBytes: 16_384, cutAnswers: true });
  opening.defer(() => webhookHttp.close());
  const messaging = await openMessaging({
    ...{ config, db, hashKey, delivery, links, templateReader, webhookHttp, window, now, log },
  });
  const inbound = openInbound({
    ...{ db, hashKey, now, metrics, wakeMessages: delivery.queue.wake },
    ...{ messages: messaging.messages, callerOf: messaging.callerOf },
    takeReplies: createReplyTaker({ db, hashKey, now, ...replies }),
    // In this order: who is asked something by name comes before words that anybody may write.
    handlers: [
      createSurveyHandler(db),
      messaging.appointments.answers,
      messaging.automations.keywords,
      createKeywordHandler(db),
      createConversationHandler(db),
    ],
    onError: (error) => log.warn({ err: error }, 'a message from a phone could not be handled; it is tried again'),
  });
  delivery.onInbound(inbound.take);
  delivery.onCodeReceipt((receipt) => handleReceipt(verify, receipt, now()));
  delivery.start();

  const opened = opening.move();
  return {
    config,
    log,
    now,
    db,
    redis: redisSide?.redis ?? null,
    recorder: redisSide?.recorder ?? null,
    auditLog,
    sinks,
    idempotency,
    privacy,
    rateCounter: redisSide?.rateCounter ?? createSqlRateCounter(db),
    keyring,
    hashKey,
    metrics,
    background,
    sandbox,
    delivery,
    links,
    templateReader,
    messaging,
    keySet,
    proofs,
    identities,
    originProofs: { resolveTxt: systemResolveTxt, http: publicHttp },
    webhookGuard,
    webhooks,
    replies,
    inbound,
    imports,
    verify,
    firstProject,
    refusals,
    async close() {
      background.run(refusals.close());
      await settle(background);
      await opened.disposeAsync();
    },
  };
}

/** The newest one that a carrier took: the code came by it, as far as anybody can tell. */
function carried(sends: readonly Send[]): { provider: string; channel: Channel; at: number } | null {
  const last = sends.findLast(({ status }) => status === 'sent' || status === 'delivered' || status === 'unknown');
  return last?.provider === undefined ? null : { provider: last.provider, channel: last.channel, at: last.at };
}

/** What tells an operator that work is piling up. */
function watchQueues(metrics: Metrics, { store, hasher, now }: VerifyDeps, recorder: Recorder | undefined): void {
  metrics.watch('due_age_seconds', 'How long the due step that has waited longest has been due.', async () => {
    const oldest = await store.oldestDue(now());
    return oldest === null ? 0 : Math.max(0, now() - oldest) / 1000;
  });
  metrics.watch('hashes_queued', 'Codes that wait for a thread to be hashed.', () => hasher.queued());
  if (!recorder) return;
  metrics.watch(
    'events_unrecorded',
    'Events in Redis that are not in SQL yet.',
    async () => (await recorder.lag()).entries,
  );
  metrics.watch(
    'events_unrecorded_age_seconds',
    'Age of the oldest of them.',
    async () => (await recorder.lag()).oldestMs / 1000,
  );
}

async function openRedisIfConfigured(config: Config, db: Database, log: Logger, now: Now): Promise<RedisSide | null> {
  if (!config.redisUrl) return null;
  const { openRedisSide } = await import('./open-redis.ts');
  return openRedisSide(config.redisUrl, db, log, now);
}

async function settle(background: Background): Promise<void> {
  await Promise.race([background.settled(), new Promise((resolve) => setTimeout(resolve, SETTLE_MS).unref())]);
}

/** What a project is called, as its codes say it. */
function createBrandLookup(db: Database['kysely'], { file, mode }: Config) {
  const policyOf = createPolicyResolver(file.policy, { production: mode === 'production' });
  return async (id: string): Promise<{ brand: string }> => {
    const project = await findProject(db, id);
    return { brand: policyOf(project?.policy ?? {}).brand };
  };
}
