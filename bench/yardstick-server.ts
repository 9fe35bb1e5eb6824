import { createHmac, generateKeySync, hash, randomInt } from 'node:crypto';
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import { Redis, type Result } from 'ioredis';
import { newId } from '../src/lib/ids.ts';
import { StartBody, VerificationSchema } from '../src/verify/schemas.ts';

/**
 * What starting a verification costs at the very least on this stack: one route with the same schemas, the key found by
 * its hash, one HMAC, one log line, and one script on Redis that does what no start can do without: it counts the same
 * seven windows, keeps the record with an end to its life and appends one event. Nobody reads the events; numbers and
 * addresses are in the keys as they are; a refusal leaves the windows before it counted. No budgets, nothing sent,
 * nothing sealed, nothing in SQL.
 *
 *     node bench/yardstick-server.ts <port> <redis url> <key>
 */
const [port = '', redisUrl = '', key = ''] = process.argv.slice(2);

declare module 'ioredis' {
  interface RedisCommander<Context> {
    remember(...keysAndArguments: (string | number)[]): Result<number, Context>;
  }
}

const TTL_MS = 600_000;
const HOUR_MS = 3_600_000;
const MANY = 10_000_000;
const redis = new Redis(redisUrl, { enableAutoPipelining: true });
// KEYS: record, events, windows… ARGV: record, ttlMs, event, then max and windowMs of each window.
redis.defineCommand('remember', {
  numberOfKeys: 9,
  lua: `
    for i = 3, #KEYS do
      local uses = redis.call('INCR', KEYS[i])
      if uses == 1 then redis.call('PEXPIRE', KEYS[i], ARGV[2 * i - 1]) end
      if uses > tonumber(ARGV[2 * i - 2]) then return i - 2 end
    end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'event', ARGV[3])
    return 0`,
});

const keys = new Map([[hash('sha256', key), 'project']]);
const pepper = generateKeySync('hmac', { length: 256 });

const routes: FastifyPluginAsyncTypebox = async (app) => {
  const schema = { body: StartBody, response: { 201: VerificationSchema } };
  app.post('/v1/verifications', { schema }, async (request, reply) => {
    const project = keys.get(hash('sha256', request.headers.authorization?.slice('Bearer '.length) ?? ''));
    if (!project) throw new Error('unknown key');
    const { to, channel = 'sms', purpose = 'login', locale = 'en', subject = '', client = {} } = request.body;
    const now = Date.now();
    const id = newId('ver');
    const code = randomInt(0, 1_000_000).toString().padStart(6, '0');
    const codeHash = createHmac('sha256', pepper).update(`${id}\0${code}`).digest('base64url');
    const record = {
      to,
      project,
      channel,
      purpose,
      locale,
      subject,
      client,
      codeHash,
      attempts: 0,
      expires: now + TTL_MS,
    };
    const event = { type: 'verification.created', at: now, id, project, channel, purpose };
    const windows: [key: string, max: number, windowMs: number][] = [
      [`cooldown:${to}`, 1, 60_000],
      [`minutes:${to}`, 5, 600_000],
      [`day:${to}`, 20, 24 * HOUR_MS],
      [`prefix:${to.slice(0, -4)}`, MANY, HOUR_MS],
      [`project:${project}`, MANY, HOUR_MS],
      [`ip:${client.ip}`, MANY, HOUR_MS],
      [`subject:${subject}`, MANY, HOUR_MS],
    ];
    const refusedBy = await redis.remember(
      ...[id, 'events', ...windows.map(([window]) => window)],
      ...[JSON.stringify(record), TTL_MS, JSON.stringify(event), ...windows.flatMap(([, ...terms]) => terms)],
    );
    if (refusedBy > 0) throw Object.assign(new Error('limited'), { statusCode: 429 });
    request.log.info({ verification_id: id, project, status: 201 }, 'request');
    const at = new Date(now).toISOString();
    return reply.code(201).send({
      ...{ id, status: 'pending', to, channel, purpose, locale, attempts_remaining: 5, metadata: {} },
      sends: [{ channel, status: 'queued', at }],
      created_at: at,
      expires_at: new Date(now + TTL_MS).toISOString(),
      ended_at: null,
      next_send_at: null,
      resend_at: null,
    });
  });
};

const app = Fastify({ logger: true, disableRequestLogging: true }).withTypeProvider<TypeBoxTypeProvider>();
await app.register(routes);
await app.listen({ port: Number(port), host: '127.0.0.1' });
