import { hostname } from 'node:os';
import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { frameSyslog, sendSyslog } from '../../lib/syslog.ts';
import type { AnchorType } from './anchor.ts';

const schema = Type.Object(
  {
    host: Type.String({ minLength: 1, description: 'The syslog server' }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 6514 }),
    tls: Type.Boolean({ default: true }),
    ca: Type.Optional(Type.String({ description: 'Extra trust, PEM' })),
    cert: Type.Optional(Type.String({ description: 'Our certificate, PEM' })),
    key: Type.Optional(Type.String({ description: 'Its key, PEM' })),
  },
  closed,
);

const NOTICE = 5;

/** A message for each checkpoint, as JSON in ASCII. */
export const syslogAnchor: AnchorType<Static<typeof schema>> = {
  schema,
  create({ host, port, tls, ...pem }) {
    return {
      batch: 100,
      async put(checkpoints, signal) {
        const frames = checkpoints.map(({ number, size, note, created_at: at }) =>
          frameSyslog(
            { at, severity: NOTICE, id: 'audit.checkpoint', text: asciiJson({ number, size, note }) },
            hostname(),
          ),
        );
        await sendSyslog({ host, port, tls: tls ? pem : null }, frames, signal);
      },
    };
  },
};

/** Notes hold a dash that is not ASCII, which not every syslog server leaves alone. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
