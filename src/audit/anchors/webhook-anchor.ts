import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { AnchorType } from './anchor.ts';

const schema = Type.Object(
  {
    url: Type.String({ pattern: '^https?://', description: 'Where checkpoints are posted' }),
    headers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String({ pattern: '^[ -~]*$' }), {
      default: {},
      description: 'Sent along, e.g. authorization',
    }),
  },
  closed,
);

/** Posts each checkpoint as JSON; any 2xx means that it is kept. The same one may come twice. */
export const webhookAnchor: AnchorType<Static<typeof schema>> = {
  schema,
  create({ url, headers }, { http }) {
    return {
      batch: 1,
      async put(checkpoints, signal) {
        for (const { number, size, note, created_at } of checkpoints) {
          const body = { type: 'audit.checkpoint', number, size, created_at: toTimestamp(created_at), note };
          const outcome = await http.send({
            method: 'POST',
            url,
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(body),
            signal,
          });
          if (outcome.kind !== 'answer') throw new Error(`no answer: ${outcome.error}`);
          if (outcome.status < 200 || outcome.status > 299) throw new Error(`answered ${outcome.status}`);
        }
      },
    };
  },
};
