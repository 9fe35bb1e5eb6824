import { hostname } from 'node:os';
import { frameSyslog, sendSyslog } from '../../lib/syslog.ts';
import { toAsciiJson } from '../../lib/to-ascii-json.ts';
import { type SyslogTarget, SyslogTargetSchema } from '../syslog-target.ts';
import type { AnchorType } from './anchor.ts';

const NOTICE = 5;

/** A message for each checkpoint, as JSON in ASCII. */
export const syslogAnchor: AnchorType<SyslogTarget> = {
  schema: SyslogTargetSchema,
  create({ host, port, tls, ...pem }) {
    return {
      batch: 100,
      async put(checkpoints, signal) {
        const frames = checkpoints.map(({ number, size, note, created_at: at }) =>
          frameSyslog(
            { at, severity: NOTICE, id: 'audit.checkpoint', text: toAsciiJson(JSON.stringify({ number, size, note })) },
            hostname(),
          ),
        );
        await sendSyslog({ host, port, tls: tls ? pem : null }, frames, signal);
      },
    };
  },
};
