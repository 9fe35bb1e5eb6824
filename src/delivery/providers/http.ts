import type { Provider, ProviderType } from '../provider.ts';
import { checkAnswer, readAnswer } from './http-answer.ts';
import { checkCallbacks, readInbound, readReceipt, refuseCallback, withCallbackToken } from './http-callbacks.ts';
import { checkRequest, fillRequest, usesUrl, valuesOf } from './http-request.ts';
import { type HttpConfig, httpSchema } from './http-schema.ts';
import { failed, verdictWithoutAnswer } from './support/verdict.ts';

/**
 * Any gateway with an HTTP API, described rather than programmed: what is asked, what counts as accepted, where ids and
 * statuses are. A gateway is worth having its own file once it needs more than this.
 */
export const http: ProviderType<HttpConfig> = {
  schema: httpSchema,
  check: (config) => [...checkRequest(config), ...checkAnswer(config), ...checkCallbacks(config)],
  create(config, { name, http, callbackUrl, now }): Provider {
    const { request, channels, callback_auth, receipts, inbound } = config;
    const urlOf = (kind: 'receipts' | 'inbound') => {
      const url = callbackUrl(kind);
      if (url === null && usesUrl(request, `${kind}_url`))
        throw new Error(`uses {{${kind}_url}}, which needs public_url: set it, or take the variable out`);
      return url === null ? '' : withCallbackToken(url, callback_auth);
    };
    const urls = { receipts_url: urlOf('receipts'), inbound_url: urlOf('inbound') };

    return {
      name,
      channels,
      async send(message, signal) {
        const filled = fillRequest(request, valuesOf(message, urls));
        if (filled === null) return failed('unsupported', 'unwritable');
        const outcome = await http.send({ ...filled, timeoutMs: config.timeout_ms, signal });
        return outcome.kind === 'answer'
          ? readAnswer(config, outcome, message.reference, now())
          : verdictWithoutAnswer(outcome);
      },
      ...(callback_auth && {
        callbacks: {
          ...(receipts && {
            receipts: async (call) => {
              const why = refuseCallback(call, callback_auth);
              return why === null ? readReceipt(call, receipts) : { kind: 'unauthenticated', why };
            },
          }),
          ...(inbound && {
            inbound: async (call) => {
              const why = refuseCallback(call, callback_auth);
              return why === null ? readInbound(call, inbound) : { kind: 'unauthenticated', why };
            },
          }),
        },
      }),
    };
  },
};
