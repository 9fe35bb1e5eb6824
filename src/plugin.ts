import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { auditRoutes } from './audit/audit-routes.ts';
import { exportRoutes } from './audit/export/export-routes.ts';
import { reportRoutes } from './audit/reports/report-routes.ts';
import { eventRoutes } from './audit/routes.ts';
import { sandboxPage } from './console/sandbox-page.ts';
import { callbackRoutes } from './delivery/callback-routes.ts';
import { createMessages } from './delivery/messages/create.ts';
import { messageRoutes } from './delivery/messages/routes.ts';
import { recordingRoutes } from './delivery/recordings/recording-routes.ts';
import { routingRoutes } from './delivery/routing/routing-routes.ts';
import { sandboxRoutes } from './delivery/sandbox-routes.ts';
import { wordingRoutes } from './delivery/wording/wording-routes.ts';
import { docsRoutes } from './http/docs.ts';
import { healthRoutes } from './http/health.ts';
import { installHttp } from './http/install-http.ts';
import { metricsRoutes } from './http/metrics.ts';
import { openApiRoutes } from './http/openapi.ts';
import { createCursors } from './http/pagination.ts';
import { problemRoutes } from './http/problem-routes.ts';
import type { RateLimits } from './http/rate-limit.ts';
import { createRateLimiter } from './http/rate-limiter.ts';
import type { Auth } from './lib/auth.ts';
import { hashEmail, parseEmail } from './lib/email.ts';
import { hashPhone, parsePhone } from './lib/phone.ts';
import { appointmentRoutes } from './messaging/appointments/appointment-routes.ts';
import { appointmentSettingsRoutes } from './messaging/appointments/settings-routes.ts';
import { automationRoutes } from './messaging/automations/automation-routes.ts';
import { hookRoutes, type VerifyHook } from './messaging/automations/hook-routes.ts';
import { createReadCalls } from './messaging/campaigns/calls.ts';
import { campaignRoutes } from './messaging/campaigns/campaign-routes.ts';
import { campaignPreviewRoutes } from './messaging/campaigns/preview-routes.ts';
import { campaignStatsRoutes } from './messaging/campaigns/stats-routes.ts';
import { consentRoutes } from './messaging/consent/consent-routes.ts';
import { createOptInLinks } from './messaging/consent/opt-in-links.ts';
import { optInRoutes } from './messaging/consent/opt-in-routes.ts';
import { consentSettingsRoutes } from './messaging/consent/settings-routes.ts';
import { suppressionRoutes } from './messaging/consent/suppression-routes.ts';
import { contactRoutes } from './messaging/contacts/contact-routes.ts';
import { contactExportRoutes } from './messaging/contacts/export-routes.ts';
import { importRoutes } from './messaging/contacts/imports/import-routes.ts';
import { listRoutes } from './messaging/contacts/list-routes.ts';
import { segmentRoutes } from './messaging/contacts/segment-routes.ts';
import { conversationRoutes } from './messaging/conversations/conversation-routes.ts';
import { replyRoutes } from './messaging/conversations/reply-routes.ts';
import { inboundRoutes } from './messaging/inbound/inbound-routes.ts';
import { keywordRoutes } from './messaging/inbound/keyword-routes.ts';
import { numberRoutes } from './messaging/inbound/number-routes.ts';
import { linkRoutes } from './messaging/links/link-routes.ts';
import { redirectRoutes } from './messaging/links/redirect-routes.ts';
import { templateRoutes } from './messaging/templates/template-routes.ts';
import { sendingRulesRoutes } from './messaging/windows/sending-rules-routes.ts';
import type { Services } from './open.ts';
import { callPolicyOf } from './open-messaging.ts';
import { privacyRoutes } from './privacy/privacy-routes.ts';
import { appIdentityRoutes } from './projects/app-identities-routes.ts';
import { createAuthenticate } from './projects/authenticate.ts';
import { keyRoutes } from './projects/key-routes.ts';
import { projectRoutes } from './projects/project-routes.ts';
import { requireAdministrator } from './projects/require-administrator.ts';
import { withClientTokens } from './tokens/authenticate-client.ts';
import { issueClientToken } from './tokens/client-token.ts';
import { tokenRoutes } from './tokens/routes.ts';
import { createListVerifications } from './verify/list.ts';
import { createPolicyResolver, PolicyOverridesSchema, PolicyPatchSchema } from './verify/policy.ts';
import { findPolicyConflicts } from './verify/policy-conflicts.ts';
import { verificationRoutes } from './verify/routes.ts';
import { deliveryRoutes } from './webhooks/delivery-routes.ts';
import { endpointRoutes } from './webhooks/endpoint-routes.ts';
import { createPublishedKeys } from './webhooks/endpoints/published-keys.ts';
import { verifySignature } from './webhooks/receiver/verify-webhook.ts';
import { schemaRoutes } from './webhooks/schema-routes.ts';

export interface CountersignOptions {
  /** From `openServices`; whoever opened them closes them. */
  services: Services;
  /** True when this Fastify app is ours alone. */
  standalone?: boolean;
  /** True from SIGTERM on. */
  draining?: () => boolean;
  /** False: health and metrics only, for a process that does the due work. */
  api?: boolean;
}

/** A carrier that the sandbox lets hang is not waited for. */
const HAND_OVER_MS = 500;

/**
 * Countersign as a Fastify plugin: `app.register(countersign, { services, prefix: '/otp' })`. It stays inside its own
 * context; the host's parsers, hooks and error handler are neither used nor changed.
 */
const countersign: FastifyPluginAsync<CountersignOptions> = async (app, options) => {
  const { services, standalone = false, draining = () => false, api = true } = options;
  const { config, db, keyring, hashKey, now, log, metrics } = services;
  const production = config.mode === 'production';
  const rateLimiter = createRateLimiter({
    counter: services.rateCounter,
    hashKey,
    onDegraded: (error) => log.warn({ err: error }, 'rate limits are counted by this instance alone'),
    onRecovered: () => log.info('rate limits are shared again'),
  });

  installHttp(app, {
    authenticate: withClientTokens(createAuthenticate({ db, now }), keyring, now),
    rateLimiter,
    rateLimits: rateLimitsOf(services),
    idempotency: services.idempotency,
    keyring,
    hashKey,
    metrics,
    refused: services.refusals.note,
    now,
    standalone,
  });
  app.addHook('onClose', () => rateLimiter.flush(now()));
  app.addHook('onResponse', (request, _reply, done) => {
    if (request.method !== 'GET') services.auditLog.keeper.wake();
    done();
  });

  if (api) {
    await registerApi(app, services);
    const { cache, clicks } = services.links;
    await app.register(redirectRoutes({ cache, clicks, hashKey, rateLimiter, now }));
  }
  await app.register(healthRoutes({ probes: probesOf(services), draining, now }));
  await app.register(metricsRoutes(metrics, !production));
  await app.register(problemRoutes());
  if (api && (config.file.docs ?? !production)) {
    await app.register(openApiRoutes());
    await app.register(docsRoutes());
  }
};

export default countersign;

async function registerApi(app: FastifyInstance, services: Services): Promise<void> {
  const { config, db, keyring, hashKey, now, log, sandbox, verify, delivery, privacy } = services;
  const production = config.mode === 'production';
  const recipientHash = (to: string) => {
    if (to.includes('@')) {
      const email = parseEmail(to);
      return email && hashEmail(hashKey, email.address);
    }
    const phone = parsePhone(to);
    return phone && hashPhone(hashKey, phone.e164);
  };
  const policyOf = createPolicyResolver(config.file.policy, { production });

  await app.register(
    verificationRoutes({
      verify,
      policyOf,
      list: createListVerifications(db, hashKey, createCursors(keyring, 'verifications')),
      issueClientToken: ({ id, project, mode, expiresAt }) =>
        issueClientToken(keyring, { verificationId: id, project, mode }, expiresAt),
    }),
  );
  const { wordMessage } = services.messaging;
  const { shortener } = services.links;
  const send = createMessages({ ...delivery, db, hashKey, wordMessage, shortener });
  const callerOf = ({ policy }: Auth) => {
    const read = policyOf(policy);
    return { calls: callPolicyOf(read), templateReview: read.template_review };
  };
  await app.register(
    messageRoutes({
      ...delivery,
      db,
      hashKey,
      keyring,
      now,
      callPolicyOf: ({ policy }) => callPolicyOf(policyOf(policy)),
      wordMessage,
      shortener,
      templateReviewOf: ({ policy }) => policyOf(policy).template_review,
    }),
  );
  await app.register(
    replyRoutes({
      ...{ db, now, wordMessage },
      send,
      templateReviewOf: ({ policy }) => policyOf(policy).template_review,
    }),
  );
  const twoWay = { db, hashKey, keyring, now };
  await app.register(conversationRoutes(twoWay));
  await app.register(inboundRoutes(twoWay));
  await app.register(keywordRoutes({ ...twoWay, templates: services.templateReader }));
  await app.register(numberRoutes({ ...twoWay, requireAdministrator: requireAdministrator(production) }));
  await app.register(appointmentSettingsRoutes({ db, now }));
  const { automations } = services.messaging;
  const entering = { db, queue: automations.queue, hashKey, keyring, now, wake: automations.wake };
  await app.register(
    automationRoutes({ ...entering, templates: services.templateReader, guard: services.webhookGuard }),
  );
  await app.register(hookRoutes({ ...entering, verify: verifyHook }));
  await app.register(
    appointmentRoutes({
      ...services.messaging,
      ...{ db, hashKey, keyring, now },
      queue: services.messaging.appointments.queue,
      reader: services.templateReader,
      callerOf,
    }),
  );
  const links = createOptInLinks(keyring);
  const pagesAt = ({ protocol, host }: FastifyRequest) =>
    config.file.public_url?.replace(/\/+$/, '') ?? (production ? null : `${protocol}://${host}${app.prefix}`);
  const consent = { db, hashKey, keyring, now, links, pagesAt, ...services.replies };
  await app.register(consentRoutes(consent));
  await app.register(optInRoutes(consent));
  await app.register(consentSettingsRoutes({ db, now }));
  await app.register(sendingRulesRoutes({ db, now }));
  await app.register(suppressionRoutes({ db, hashKey, keyring, now }));
  await app.register(linkRoutes({ ...services.links, db, hashKey, keyring, now }));
  const reader = services.templateReader;
  await app.register(templateRoutes({ db, reader, choice: delivery.choice, keyring, now }));
  await app.register(recordingRoutes({ ...delivery, keyring, now }));
  await app.register(callbackRoutes({ ...delivery, publicUrl: config.file.public_url ?? null, now, log }));
  await app.register(
    routingRoutes({
      routing: delivery.routing,
      db,
      keyring,
      now,
      requireAdministrator: requireAdministrator(production),
    }),
  );
  await app.register(
    wordingRoutes({
      templates: delivery.templates,
      keyring,
      brandOf: (auth) => policyOf(auth.policy).brand,
      requireAdministrator: requireAdministrator(production),
    }),
  );
  await app.register(
    appIdentityRoutes({ db, now, identities: services.identities, proofs: services.originProofs, production }),
  );
  const otherKeys = createPublishedKeys({ db, now });
  await app.register(tokenRoutes({ db, keys: services.keySet, otherKeys, proofs: services.proofs, now }));
  await app.register(eventRoutes({ db, keyring, recipientHash }));
  await app.register(reportRoutes({ db, now, recordedUntil: recordedUntilOf(services) }));
  await app.register(exportRoutes({ db, now }));
  await app.register(auditRoutes({ db, keyring }));
  await app.register(
    privacyRoutes({ ...privacy, db, keyring, now, requireAdministrator: requireAdministrator(production) }),
  );
  await app.register(
    projectRoutes({
      db,
      now,
      keyring,
      production,
      policySchema: PolicyOverridesSchema,
      policyPatchSchema: PolicyPatchSchema,
      checkPolicy: (overrides) => findPolicyConflicts(policyOf(overrides)),
    }),
  );
  await app.register(keyRoutes({ db, now, keyring, production }));
  const { endpoints_per_project: endpointsPerProject } = config.file.webhooks;
  await app.register(endpointRoutes({ db, now, keyring, guard: services.webhookGuard, endpointsPerProject }));
  await app.register(deliveryRoutes({ db, now, keyring, test: services.webhooks.test }));
  await app.register(schemaRoutes());
  await app.register(importRoutes({ db, keyring, now, imports: services.imports }));
  for (const routes of [contactRoutes, contactExportRoutes, listRoutes, segmentRoutes]) {
    await app.register(routes({ db, keyring, hashKey, now }));
  }
  await app.register(
    sandboxRoutes({
      sandbox,
      production,
      handedOver: () => services.background.current(HAND_OVER_MS),
      onInbound: ({ id, channel, from, to, text, project, mode }) =>
        delivery.takeInbound(sandbox.name, [{ providerId: id, channel, from, to, text }], { project, mode }),
    }),
  );
  const campaignPolicyOf = ({ policy }: Auth) => {
    const read = policyOf(policy);
    const readCalls = createReadCalls(callPolicyOf(read), delivery.recordings);
    return { templateReview: read.template_review, readCalls };
  };
  await app.register(
    campaignRoutes({
      ...{ db, keyring, now, choice: delivery.choice, templateReader: services.templateReader },
      policyOf: campaignPolicyOf,
      canShorten: services.links.shortener !== null,
      wake: services.messaging.campaigns.worker.wake,
    }),
  );
  await app.register(campaignStatsRoutes({ db, hashKey, now }));
  await app.register(
    campaignPreviewRoutes({
      ...{ db, now, bulk: delivery.bulk, gate: delivery.gate, templateReader: services.templateReader },
      ...{ hashKey, shortener, choice: delivery.choice, queue: delivery.queue },
      messages: services.messaging.messages,
      scriptOf: services.messaging.campaigns.scriptOf,
      policyOf: campaignPolicyOf,
    }),
  );
  await app.register(sandboxPage({ isServed: () => !production }));
}

const verifyHook: VerifyHook = async (body, headers, secret, now) => {
  const delivery = await verifySignature(body, headers, secret, { now });
  return delivery.ok ? delivery : null;
};

function rateLimitsOf({ config }: Services): RateLimits {
  const { key_per_minute, ip_per_minute, failed_authentications_per_minute } = config.file.rate_limits;
  const perMinute = (max: number) => ({ max, windowSeconds: 60 });
  return {
    key: perMinute(key_per_minute),
    client: perMinute(30),
    ip: perMinute(ip_per_minute),
    authFailures: perMinute(failed_authentications_per_minute),
  };
}

/** The recorder carries what Redis was told into the database. */
function recordedUntilOf({ recorder }: Services) {
  return async (now: number): Promise<number | null> => {
    if (!recorder) return now;
    const lag = await recorder.lag().catch(() => null);
    return lag && now - lag.oldestMs;
  };
}

function probesOf({ db, redis }: Services) {
  const database = { name: 'database', check: () => db.ping() };
  return redis ? [database, { name: 'redis', check: () => redis.ping() }] : [database];
}
