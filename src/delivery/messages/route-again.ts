import type { Channel } from '../../lib/channels.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import type { Candidate, RouteDecision } from '../routing/router.ts';
import { mayCallAgain } from './call-again.ts';
import type { LoadedMessage } from './load.ts';

/** The providers that a message may go to now. */
export function routeAgain(
  choice: Pick<ProviderChoice, 'route'>,
  loaded: LoadedMessage,
  now: number,
): { decision: RouteDecision; candidates: Candidate[] } {
  const { message } = loaded;
  const tried = triedProviders(loaded);
  const decision = choice.route(
    {
      mode: message.mode,
      project: message.project_id,
      purpose: message.purpose,
      channel: message.channel as Channel,
      to: message.recipient,
      country: message.country,
      ...(message.mcc_mnc !== null && { mccMnc: message.mcc_mnc }),
      ...(message.sender !== null && { sender: message.sender }),
      avoid: tried,
    },
    now,
  );
  return { decision, candidates: decision.candidates.filter(({ provider }) => !tried.includes(provider)) };
}

/** Where it must not go again: it was taken there, may have been, or was turned away. Not those that could not. */
function triedProviders({ message, attempts }: LoadedMessage): string[] {
  const tried = attempts.filter((one) => one.status !== 'failed' && !mayCallAgain(message, one));
  return [...new Set(tried.map(({ provider }) => provider))];
}
