import { createHmac, type KeyObject } from 'node:crypto';

/**
 * What signs calls of an automation's webhook, and what it calls itself. It is kept nowhere: it follows from the
 * installation's key, which a copy of the database does not open.
 */
export function hookSecretOf(hashKey: KeyObject, { id, secret_number }: { id: string; secret_number: number }): string {
  const secret = createHmac('sha256', hashKey).update(`automation hook\0${id}\0${secret_number}`).digest('base64');
  return `whsec_${secret}`;
}
