import type { AnchorType } from './anchor.ts';

/** Each is loaded only where it is used. */
export const anchorTypes: Record<string, () => Promise<AnchorType<never>>> = {
  file: async () => (await import('./file-anchor.ts')).fileAnchor,
  webhook: async () => (await import('./webhook-anchor.ts')).webhookAnchor,
  s3: async () => (await import('./s3-anchor.ts')).s3Anchor,
  syslog: async () => (await import('./syslog-anchor.ts')).syslogAnchor,
};
