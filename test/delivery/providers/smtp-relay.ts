import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { onTestFinished } from 'vitest';
import { type Certificate, makeCertificate } from '../../rig/certificate.ts';

export interface Mail {
  from: string;
  to: string[];
  secure: boolean;
  user: string | undefined;
  /** As it came: headers, blank line, body. */
  raw: string;
}

/** Where the relay answers with the next reply instead of what it would. */
export type Step = 'connect' | 'mail' | 'rcpt' | 'data';

const certificate: Certificate = makeCertificate();

/** A mail server on 127.0.0.1 that offers STARTTLS and login. A planned reply is `550 5.1.1 …`; `hang` and `drop` are none. */
export async function openRelay({ startTls = true, implicitTls = false } = {}) {
  const mails: Mail[] = [];
  const planned = new Map<Step, string[]>();
  let connections = 0;

  async function at(step: Step, session: { id: string }, done: (error?: Error | null) => void): Promise<void> {
    const reply = planned.get(step)?.shift();
    if (reply === undefined) return done();
    if (reply === 'hang') return;
    if (reply === 'drop') {
      for (const connection of server.connections) if (connection.id === session.id) connection._socket.destroy();
      return;
    }
    const [, code, text] = /^(\d{3}) (.*)$/.exec(reply) ?? [];
    done(Object.assign(new Error(text), { responseCode: Number(code) }));
  }

  const server = new SMTPServer({
    secure: implicitTls,
    key: certificate.key,
    cert: certificate.cert,
    authOptional: true,
    disabledCommands: startTls ? [] : ['STARTTLS'],
    logger: false,
    onConnect: (session, done) => {
      connections++;
      at('connect', session, done);
    },
    onAuth: ({ username, password }, _, done) =>
      username === 'otp' && password === 'right' ? done(null, { user: username }) : done(new Error('5.7.8 no')),
    onMailFrom: (_, session, done) => at('mail', session, done),
    onRcptTo: (_, session, done) => at('rcpt', session, done),
    onData: async (stream, session, done) => {
      const raw = (await buffer(stream)).toString();
      const { mailFrom, rcptTo } = session.envelope;
      mails.push({
        from: mailFrom === false ? '' : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        secure: session.secure,
        user: session.user as string | undefined,
        raw,
      });
      at('data', session, done);
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  onTestFinished(() => {
    for (const connection of server.connections) connection._socket.destroy();
    server.close(() => {});
  });
  return {
    port,
    ca: certificate.cert,
    mails,
    connections: () => connections,
    next(step: Step, reply: string) {
      planned.set(step, [...(planned.get(step) ?? []), reply]);
    },
  };
}
