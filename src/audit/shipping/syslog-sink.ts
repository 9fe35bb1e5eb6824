import { hostname } from 'node:os';
import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { frameSyslog, sendSyslog } from '../../lib/syslog.ts';
import type { Sink } from './sink.ts';

export const SyslogSinkSchema = Type.Object(
  {
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 6514 }),
    tls: Type.Boolean({ default: true }),
    ca: Type.Optional(Type.String({ description: 'Extra trust, PEM' })),
    cert: Type.Optional(Type.String({ description: 'Our certificate, PEM' })),
    key: Type.Optional(Type.String({ description: 'Its key, PEM' })),
  },
  closed,
);

/** RFC 5424, table 2: warning, notice, informational. */
const SEVERITY = { medium: 4, low: 5, informational: 6 } as const;
/** RFC 5424 §6.2.7 */
const MAX_ID_LENGTH = 32;

export function syslogSink({ host, port, tls, ...pem }: Static<typeof SyslogSinkSchema>): Sink {
  return {
    ship(records, signal) {
      const frames = records.map(({ at, type, severity, text }) =>
        frameSyslog({ at, severity: SEVERITY[severity], id: type.slice(0, MAX_ID_LENGTH), text }, hostname()),
      );
      return sendSyslog({ host, port, tls: tls ? pem : null }, frames, signal);
    },
  };
}
