import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutboundMessage } from '../../../src/delivery/provider.ts';
import { smtp } from '../../../src/delivery/providers/smtp.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { makeProvider, outbound } from './provider-rig.ts';
import { openRelay } from './smtp-relay.ts';

const signal = new AbortController().signal;
const REFERENCE = outbound().reference;

const mail = (over: Partial<OutboundMessage> = {}) =>
  outbound({
    channel: 'email',
    to: 'alice@example.org',
    from: 'codes@example.com',
    subject: 'Your code',
    text: 'Your Example code is 123456.\n',
    html: '<p>Your Example code is <b>123456</b>.</p>',
    ...over,
  });

async function open({
  config = {},
  relay: how = {},
}: {
  config?: object;
  relay?: Parameters<typeof openRelay>[0];
} = {}) {
  const relay = await openRelay(how);
  const provider = await makeProvider(smtp, { host: '127.0.0.1', port: relay.port, ca: relay.ca, ...config });
  return { relay, provider, send: (over: Partial<OutboundMessage> = {}) => provider.send(mail(over), signal) };
}

const unfolded = (raw: string) =>
  raw
    .slice(0, raw.indexOf('\r\n\r\n'))
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');

describe('sending', () => {
  test('text and HTML, over TLS, with our reference as its id', async () => {
    const { relay, send } = await open({ config: { from_name: 'Exämple, Inc.' } });
    expect(await send()).toEqual({ kind: 'accepted', providerId: `${REFERENCE}@example.com` });
    expect(relay.mails).toMatchObject([{ from: 'codes@example.com', to: ['alice@example.org'], secure: true }]);
    const raw = relay.mails[0]?.raw ?? '';
    const headers = unfolded(raw);
    expect(headers).toContain(`Message-ID: <${REFERENCE}@example.com>`);
    expect(headers).toContain('To: alice@example.org');
    expect(headers).toContain('Subject: Your code');
    expect(headers).toContain('Auto-Submitted: auto-generated');
    expect(headers).toContain('Content-Language: en');
    expect(headers.find((line) => line.startsWith('From: '))).toMatch(/^From: .*<codes@example\.com>$/);
    expect(headers.find((line) => line.startsWith('Content-Type: '))).toMatch(/^Content-Type: multipart\/alternative;/);
    expect(raw).toContain('Content-Type: text/plain; charset=utf-8');
    expect(raw).toContain('Content-Type: text/html; charset=utf-8');
    expect(raw).toContain('Your Example code is 123456.');
  });

  test('a connection is used again', async () => {
    const { relay, send } = await open({ config: { max_connections: 1 } });
    for (let n = 0; n < 3; n++) expect(await send({ reference: `msg-${n}` })).toMatchObject({ kind: 'accepted' });
    expect([relay.mails.length, relay.connections()]).toEqual([3, 1]);
  });

  test('with user and password', async () => {
    const { relay, send } = await open({ config: { user: 'otp', password: 'right' } });
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(relay.mails[0]?.user).toBe('otp');
  });

  test('a wrong password is no rejection of the message', async () => {
    const { send } = await open({ config: { user: 'otp', password: 'wrong' } });
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'authentication_failed' });
  });

  test('from the first byte over TLS, where the port asks for it', async () => {
    const { relay, send } = await open({ config: { security: 'tls' }, relay: { implicitTls: true } });
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(relay.mails[0]?.secure).toBe(true);
  });
});

describe('TLS', () => {
  test('a relay that does not offer STARTTLS gets nothing', async () => {
    const { relay, send } = await open({ relay: { startTls: false } });
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'connection_failed' });
    expect(relay.mails).toEqual([]);
  });

  test('a relay with a certificate of nobody we trust gets nothing', async () => {
    const { relay, send } = await open({ config: { ca: makeCertificate().cert } });
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'connection_failed' });
    expect(relay.mails).toEqual([]);
  });

  test('without it only where that is asked for', async () => {
    const { relay, send } = await open({ config: { security: 'none' } });
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(relay.mails[0]?.secure).toBe(false);
  });
});

describe('replies', () => {
  test.each([
    ['mail', '450 4.3.0 later', 'failed', 'unavailable', '450:4.3.0'],
    ['rcpt', '450 4.7.1 greylisted', 'failed', 'rate_limited', '450:4.7.1'],
    ['rcpt', '452 4.2.2 mailbox full', 'failed', 'queue_full', '452:4.2.2'],
    ['rcpt', '451 later', 'failed', 'unavailable', '451'],
    ['data', '451 4.7.0 slow down', 'failed', 'rate_limited', '451:4.7.0'],
    ['rcpt', '550 5.1.1 <alice@example.org> unknown', 'rejected', 'invalid_recipient', '550:5.1.1'],
    ['rcpt', '550 5.1.10 null MX', 'rejected', 'invalid_recipient', '550:5.1.10'],
    ['rcpt', '552 5.2.2 full', 'rejected', 'unreachable_recipient', '552:5.2.2'],
    ['rcpt', '550 no such user', 'rejected', 'invalid_recipient', '550'],
    ['mail', '553 5.1.8 not a domain of yours', 'rejected', 'sender_refused', '553:5.1.8'],
    ['mail', '530 5.7.0 authentication required', 'failed', 'authentication_failed', '530:5.7.0'],
    ['data', '552 5.3.4 too big', 'rejected', 'invalid_message', '552:5.3.4'],
    ['data', '554 5.7.1 spam', 'rejected', 'filtered', '554:5.7.1'],
    ['data', '550 5.7.26 DMARC', 'rejected', 'sender_refused', '550:5.7.26'],
    ['data', '554 no', 'rejected', 'filtered', '554'],
    ['connect', '554 5.7.1 not from your address', 'failed', 'connection_failed', '554:5.7.1'],
    ['connect', '421 4.3.2 shutting down', 'failed', 'unavailable', '421:4.3.2'],
  ] as const)('to %s: %s', async (step, reply, kind, reason, carrierCode) => {
    const { relay, send } = await open();
    relay.next(step, reply);
    expect(await send()).toEqual({ kind, reason, carrierCode });
    expect(await send({ reference: 'the-next-one' })).toMatchObject({ kind: 'accepted' });
  });

  test.each([
    ['hang', 'timeout'],
    ['drop', 'connection_lost'],
  ] as const)('none after the message: %s, it may have been sent, and is not sent again', async (how, reason) => {
    const { relay, send } = await open({ config: { timeout_ms: 1_500 } });
    relay.next('data', how);
    expect(await send()).toMatchObject({ kind: 'outcome_unknown', reason });
    expect(await send({ reference: 'the-next-one' })).toMatchObject({ kind: 'accepted' });
    expect(relay.mails.filter(({ raw }) => raw.includes(`<${REFERENCE}@`))).toHaveLength(1);
  });

  test.each(['connect', 'mail', 'rcpt'] as const)('none before the message, to %s: it was not sent', async (step) => {
    for (const how of ['hang', 'drop']) {
      const { relay, send } = await open({ config: { timeout_ms: 300 } });
      relay.next(step, how);
      expect(await send()).toMatchObject({ kind: 'failed', reason: 'connection_failed' });
      expect(relay.mails).toEqual([]);
    }
  });

  test('nobody there: it was not sent', async () => {
    const { provider } = await open({ config: { port: 1 } });
    expect(await provider.send(mail(), signal)).toMatchObject({ kind: 'failed', reason: 'connection_failed' });
  });

  test('given up before it began: it was not sent', async () => {
    const { relay, provider } = await open();
    expect(await provider.send(mail(), AbortSignal.abort())).toMatchObject({ kind: 'failed' });
    expect(relay.mails).toEqual([]);
  });
});

describe('injection', () => {
  test.each([
    'alice@example.org\r\nBcc: eve@example.org',
    'alice@example.org, eve@example.org',
    'alice@example.org>\r\nRCPT TO:<eve@example.org',
    '<alice@example.org> eve@example.org',
    '"alice"@example.org',
    'group: alice@example.org;',
    'alice@example.org\0',
    'alice@example.org\u2028',
    'alice',
    '@example.org',
    '',
  ])('the recipient %j is refused before anyone is connected to', async (to) => {
    const { relay, send } = await open();
    expect(await send({ to })).toMatchObject({ kind: 'rejected', reason: 'invalid_recipient' });
    expect(relay.connections()).toBe(0);
  });

  test('so are a sender and a subject', async () => {
    const { relay, send } = await open();
    expect(await send({ from: 'codes@example.com\r\nX: y' })).toMatchObject({
      kind: 'failed',
      reason: 'sender_refused',
    });
    for (const subject of ['Hi\r\nBcc: eve@example.org', 'Hi\nX: y', 'Hi\u0085', 'Hi\0']) {
      expect(await send({ subject })).toMatchObject({ kind: 'rejected', reason: 'invalid_message' });
    }
    expect(relay.connections()).toBe(0);
  });

  test('nothing in text, HTML, subject or locale becomes a header, an end or a command', async () => {
    const { relay, send } = await open({ config: { max_connections: 1 } });
    await send({ reference: 'plain', subject: 'x', text: 'x', html: 'x' });
    const names = (raw: string) => unfolded(raw).map((line) => line.slice(0, line.indexOf(':')));
    const expected = names(relay.mails[0]?.raw ?? '');
    const hostile = fc.array(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '.',
        '\r\n.\r\n',
        'RCPT TO:<eve@example.org>',
        'Bcc: eve@example.org',
        'é',
        '🔑',
        ' ',
        '--',
      ),
    );
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (body, subject) => {
        const text = body.join('');
        const verdict = await send({
          text,
          html: text,
          subject:
            subject
              .join('')
              .replace(/[\r\n]/g, '')
              .trim() || 'x',
        });
        expect(verdict).toMatchObject({ kind: 'accepted' });
        const last = relay.mails.at(-1);
        expect(last?.to).toEqual(['alice@example.org']);
        expect(names(last?.raw ?? '')).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

describe('DKIM', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  test('the signature fits what the relay got', async () => {
    const { relay, send } = await open({ config: { dkim: { domain: 'example.com', selector: 's1', private_key } } });
    await send({ subject: 'Ihr Code für Exämple', text: 'Ihr Code  ist 123456.  \n\n\n' });
    const raw = relay.mails[0]?.raw ?? '';
    expect(judgeDkim(raw, publicKey)).toMatchObject({ d: 'example.com', s: 's1', bodyFits: true, signatureFits: true });
    const tampered = raw.replace('Subject:', 'Subject: x');
    expect(judgeDkim(tampered, publicKey)).toMatchObject({ signatureFits: false });
    const signed = judgeDkim(raw, publicKey).h.toLowerCase().split(':');
    expect(signed).toEqual(expect.arrayContaining(['from', 'to', 'subject', 'message-id', 'content-type']));
  });
});

/** RFC 6376 with the relaxed canonicalizations, §3.4. */
function judgeDkim(raw: string, publicKey: KeyObject) {
  const end = raw.indexOf('\r\n\r\n');
  const fields = raw.slice(0, end).split(/\r\n(?![ \t])/);
  const relax = (field: string) => {
    const colon = field.indexOf(':');
    const value = field
      .slice(colon + 1)
      .replace(/\r\n/g, '')
      .replace(/[ \t]+/g, ' ')
      .trim();
    return `${field.slice(0, colon).toLowerCase().trim()}:${value}`;
  };
  const signature = fields.find((field) => /^dkim-signature:/i.test(field)) ?? '';
  const tags = new Map(
    relax(signature)
      .slice('dkim-signature:'.length)
      .split(';')
      .map((tag): [string, string] => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1)]),
  );
  const tag = (name: string) => (tags.get(name) ?? '').replace(/\s/g, '');
  const body = `${raw
    .slice(end + 4)
    .replace(/[ \t]+/g, ' ')
    .replace(/ \r\n/g, '\r\n')
    .replace(/(\r\n)*$/, '')}\r\n`;
  const unused = [...fields];
  const signed = tag('h')
    .split(':')
    .flatMap((name) => {
      const at = unused.findLastIndex((field) => field.toLowerCase().startsWith(`${name.toLowerCase()}:`));
      return at < 0 ? [] : unused.splice(at, 1);
    });
  const text = [...signed.map(relax), relax(signature).replace(/([;\s]b=)[^;]*/, '$1')].join('\r\n');
  return {
    d: tag('d'),
    s: tag('s'),
    h: tag('h'),
    bodyFits: createHash('sha256').update(body).digest('base64') === tag('bh'),
    signatureFits: verify('sha256', Buffer.from(text), publicKey, Buffer.from(tag('b'), 'base64')),
  };
}

describe('configuration', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const ed25519 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  test.each([
    [{ host: 'smtp.example.com', security: 'none', user: 'a', password: 'b' }, '/security must be starttls or tls'],
    [{ host: 'smtp.example.com', user: 'a' }, '/password goes with user'],
    [{ host: 'smtp.example.com', password: 'a' }, '/password goes with user'],
    [{ host: 'smtp.example.com', security: 'opportunistic' }, '/security'],
    [{ host: 'smtp://smtp.example.com' }, '/host'],
    [{ host: 'smtp.example.com', from_name: 'A\nB' }, '/from_name must be one line'],
    [{ host: 'a', dkim: { domain: 'a.example', selector: 's', private_key: 'x' } }, '/dkim/private_key must be an RSA'],
    [
      { host: 'a', dkim: { domain: 'a.example', selector: 's', private_key: ed25519 } },
      '/dkim/private_key must be an RSA',
    ],
  ])('%o is refused', async (config, message) => {
    await expect(makeProvider(smtp, config)).rejects.toThrow(message);
  });
});
