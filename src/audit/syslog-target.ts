import { type Static, Type } from 'typebox';
import { closed } from '../http/schemas.ts';

/** Where syslog goes: of everything that is told by it. */
export const SyslogTargetSchema = Type.Object(
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
export type SyslogTarget = Static<typeof SyslogTargetSchema>;
