import { createHmac } from 'node:crypto';

/** As twilio.com/docs/usage/security has it: the url, then names and values in the order of names, each pair once. */
export function signTwilio(url: string, form: URLSearchParams, token: string): string {
  const members = [...new Set(form.keys())].sort().map((name) =>
    [...new Set(form.getAll(name))]
      .sort()
      .map((value) => name + value)
      .join(''),
  );
  return createHmac('sha1', token)
    .update(url + members.join(''))
    .digest('base64');
}
