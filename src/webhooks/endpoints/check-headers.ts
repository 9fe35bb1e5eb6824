import type { FieldError } from '../../lib/errors.ts';

/** RFC 9110 §5.6.2. */
export const HEADER_NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$";
/** RFC 9110 §5.5, without what servers read differently. */
export const HEADER_VALUE = '^[!-~]([ -~]{0,1022}[!-~])?$';
export const MAX_HEADERS = 20;

/** What says where a request goes, how long it is, who sends it, and by which connection. */
const OURS =
  /^(webhook-.*|content-.*|proxy-.*|sec-.*|host|user-agent|accept-encoding|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|http2-settings)$/;

export function checkHeaders(headers: Record<string, string>): FieldError[] {
  const seen = new Set<string>();
  return Object.keys(headers).flatMap((name) => {
    const lower = name.toLowerCase();
    const message = OURS.test(lower) ? 'is set by the service' : seen.has(lower) ? 'is there twice' : null;
    seen.add(lower);
    return message === null ? [] : [{ pointer: `/headers/${name.replaceAll('~', '~0')}`, message }];
  });
}

export function lowerNames(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
