import { createHmac, generateKeySync, hash, randomInt } from 'node:crypto';
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import { Redis, type Result } from 'ioredis';
import { newId } from '../src/lib/ids.ts';
import { StartBody, VerificationSchema } from '../src/verify/schemas.ts';

/**
 * What starting a verification costs at the very least on this stack: one route with the same schemas, the key found by
 * its hash, one HMAC, one script on Redis, one log line. No limits, no budgets, no audit, nothing sent.
 *
 *     node bench/yardstick-server.ts <port> <redis url> <key>
 */
const [port = '', redisUrl = '', key = ''] = process.argv.slice(2);

declare module 'ioredis' {
  interface RedisCommander<Context> {
    remember(id: string, to: string, codeHash: string, expiresAt: number, ttlMs: number): Result<number, Context>;
  }
}

const TTL_MS = 600_000;
const redis = new Redis(redisUrl, { enableAutoPipelining: true });
redis.defineCommand('remember', {
  numberOfKeys: 1,
  lua: `
    redis.call('HSET', KEYS[1], 'to', ARGV[1], 'code', ARGV[2], 'attempts', 0, 'status', 'pending', 'expires_at', ARGV[3])
    return redis.call('PEXPIRE', KEYS[1], ARGV[4])`,
});

const keys = new Map([[hash('sha256', key), 'project']]);
const pepper = generateKeySync('hmac', { length: 256 });

const routes: FastifyPluginAsyncTypebox = async (app) => {
  const schema = { body: StartBody, response: { 201: VerificationSchema } };
  app.post('/v1/verifications', { schema }, async (request, reply) => {
    const project = keys.get(hash('sha256', request.headers.authorization?.slice('Bearer '.length) ?? ''));
    if (!project) throw new Error('unknown key');
    const { to, channel = 'sms', purpose = 'login', locale = 'en' } = request.body;
    const now = Date.now();
    const id = newId('ver');
    const code = randomInt(0, 1_000_000).toString().padStart(6, '0');
    const codeHash = createHmac('sha256', pepper).update(`${id}\0${code}`).digest('base64url');
    await redis.remember(id, to, codeHash, now + TTL_MS, TTL_MS);
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
