import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CountersignProcess, eventually, startCountersign } from '../countersign-process.ts';
import { onEachProfile } from '../on-each-profile.ts';
import { privateFolder } from '../rig/stores.ts';
import { newNumber } from '../service.ts';

const ENTRY = fileURLToPath(new URL('delivery-process.ts', import.meta.url));
const ACCOUNT = `AC${'0'.repeat(32)}`;
const TOKEN = 'f'.repeat(32);
const ROUNDS = 4;
const EACH = 20;
/** Longer than any lease. */
const LATER = { CLOCK_OFFSET_MS: '30000' };

await onEachProfile('a process killed at any point of a send', killed);

interface Message {
  id: string;
  purpose: string;
  status: string;
  attempts: number;
}

function killed(open: () => Promise<Record<string, string>>): void {
  /** How often the carrier took each try, by our reference. */
  const taken = new Map<string, number>();
  let carrier: Server;
  let env: Record<string, string>;

  beforeAll(async () => {
    carrier = openCarrier(taken);
    await once(carrier, 'listening');
    const file = join(privateFolder('config'), 'countersign.yaml');
    const url = `http://127.0.0.1:${(carrier.address() as AddressInfo).port}`;
    const main = { type: 'twilio', base_url: url, account_sid: ACCOUNT, auth_tokens: [TOKEN], timeout_ms: 3_000 };
    writeFileSync(
      file,
      JSON.stringify({ public_url: 'https://otp.example.com', providers: { main }, log_level: 'error' }),
    );
    env = {
      ...(await open()),
      COUNTERSIGN_CONFIG: file,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
      COUNTERSIGN_API_KEY: `cs_live_${randomBytes(24).toString('base64url')}`,
    };
  });
  afterAll(() => {
    carrier?.closeAllConnections();
    carrier?.close();
  });

  it('leaves each message sent once, or honestly unknown; none is lost, and none is sent that is not on record', async () => {
    const accepted: string[] = [];
    const started: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const service = await startCountersign(env, [ENTRY]);
      const before = taken.size;
      const asked = Array.from({ length: EACH }, async () => {
        const message = await service.call('POST', '/v1/messages', { to: newNumber(), text: 'x' }).catch(() => null);
        if (message?.status === 202) accepted.push(message.body.id);
        const code = await service
          .call('POST', '/v1/verifications', { to: newNumber(), channel: 'sms' })
          .catch(() => null);
        if (code?.status === 201) started.push(code.body.id);
      });
      const enough = before + 1 + Math.floor(Math.random() * EACH * 1.5);
      await eventually(async () => taken.size >= enough || accepted.length + started.length >= (round + 1) * EACH * 2);
      await service.stop('SIGKILL');
      await Promise.all(asked);
    }

    const service = await startCountersign({ ...env, ...LATER }, [ENTRY]);
    const messages = await eventually(async () => {
      const all = await readAll(service);
      const known = new Set(all.map(({ id }) => id));
      const settled = all.every(({ status }) => status === 'sent' || status === 'unknown');
      return settled && [...accepted, ...taken.keys()].every((id) => known.has(id)) && all;
    }, 60);

    expect(accepted.length).toBeGreaterThan(ROUNDS);
    expect(started.length).toBeGreaterThan(ROUNDS);
    for (const { id, status } of messages) {
      const times = taken.get(id) ?? 0;
      if (status === 'sent') expect(times, id).toBe(1);
      else expect(times, id).toBeLessThanOrEqual(1);
    }
    const recorded = new Set(messages.map(({ id }) => id));
    for (const [id, times] of taken) {
      expect(times, id).toBe(1);
      expect(recorded.has(id), id).toBe(true);
    }
    await service.stop('SIGKILL');
  }, 180_000);
}

/** Takes everything; says so soon, late or never. */
function openCarrier(taken: Map<string, number>): Server {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const reference = new URL(form.get('StatusCallback') ?? '').searchParams.get('ref') ?? '';
    const message = reference.replace(/-\d+$/, '');
    taken.set(message, (taken.get(message) ?? 0) + 1);
    const body = { sid: `SM${randomBytes(16).toString('hex')}`, status: 'queued', account_sid: ACCOUNT };
    if (Math.random() < 0.9) setTimeout(() => response.writeHead(201).end(JSON.stringify(body)), Math.random() * 60);
  }).listen(0, '127.0.0.1');
}

async function readAll(service: CountersignProcess): Promise<Message[]> {
  const all: Message[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await service.call('GET', `/v1/messages?limit=100${cursor}`);
    all.push(...body.data);
    if (!body.next_cursor) return all;
    cursor = `&cursor=${body.next_cursor}`;
  }
}
