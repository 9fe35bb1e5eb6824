import { hostname } from 'node:os';
import { frameSyslog, sendSyslog } from '../../lib/syslog.ts';
import type { SyslogTarget } from '../syslog-target.ts';
import type { Sink } from './sink.ts';

/** RFC 5424, table 2: warning, notice, informational. */
const SEVERITY = { medium: 4, low: 5, informational: 6 } as const;
/** RFC 5424 §6.2.7 */
const MAX_ID_LENGTH = 32;

export function syslogSink({ host, port, tls, ...pem }: SyslogTarget): Sink {
  return {
    ship(records, signal) {
      const frames = records.map(({ at, type, severity, text }) =>
        frameSyslog({ at, severity: SEVERITY[severity], id: type.slice(0, MAX_ID_LENGTH), text }, hostname()),
      );
      return sendSyslog({ host, port, tls: tls ? pem : null }, frames, signal);
    },
  };
}
