import type { ClientInfo } from './event.ts';

/** What is read of a request; Fastify's has it. */
export interface RequestOrigin {
  /** Made by us. */
  id: string;
  /** Honours X-Forwarded-For from own proxies only. */
  ip: string;
  headers: { 'user-agent'?: string | undefined };
}

/** As many characters of a user agent as an event keeps. */
export const USER_AGENT_LENGTH = 512;

export function originOf({ ip, headers }: RequestOrigin): ClientInfo {
  return { ip, ...userAgentOf(headers['user-agent']) };
}

/** Control characters, which a header can hold in Latin-1, are no part of it. */
export function userAgentOf(given: string | undefined): Pick<ClientInfo, 'user_agent' | 'user_agent_truncated'> {
  if (given === undefined || given === '') return {};
  const kept = given
    .slice(0, USER_AGENT_LENGTH)
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ');
  return { user_agent: kept, ...(given.length > kept.length && { user_agent_truncated: true }) };
}
