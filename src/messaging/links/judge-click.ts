import { MACHINES } from './machines.ts';

export interface Click {
  method: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  visitor: string;
  link: string;
  /** Of the link. */
  createdAt: number;
  at: number;
}

export type ClickKind = 'human' | 'machine';

/** No message has reached a hand by then. */
const TOO_SOON_MS = 1_000;
/** Whoever opens so many links in so short a time reads none of them. */
const MANY_LINKS = 4;
const MANY_MS = 10_000;
const MAX_VISITORS = 10_000;

/** Tells people from what opens links on its own, by what it says and by what it does. Memory is bounded. */
export function createClickJudge(): (click: Click) => ClickKind {
  const seen = new Map<string, { at: number; links: Set<string> }>();

  function opensMany({ visitor, link, at }: Click): boolean {
    const known = seen.get(visitor);
    const recent = known && at - known.at < MANY_MS ? known : { at, links: new Set<string>() };
    recent.links.add(link);
    seen.delete(visitor);
    seen.set(visitor, recent);
    // A Map keeps the order of insertion.
    if (seen.size > MAX_VISITORS) seen.delete(seen.keys().next().value as string);
    return recent.links.size >= MANY_LINKS;
  }

  return (click) => {
    const many = opensMany(click);
    return many || click.at - click.createdAt < TOO_SOON_MS || looksLikeMachine(click) ? 'machine' : 'human';
  };
}

function looksLikeMachine({ method, headers }: Click): boolean {
  if (method !== 'GET') return true;
  const agent = text(headers['user-agent']).toLowerCase();
  if (agent === '' || MACHINES.some((name) => agent.includes(name))) return true;
  const purpose = `${text(headers.purpose)} ${text(headers['sec-purpose'])} ${text(headers['x-moz'])} ${text(headers['x-purpose'])}`;
  if (/prefetch|prerender|preview/i.test(purpose)) return true;
  // A browser that opens a page asks for one, in somebody's language.
  if (headers['accept-language'] === undefined) return true;
  const accept = text(headers.accept);
  return !accept.includes('text/html') && !accept.includes('*/*');
}

function text(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(' ') : (header ?? '');
}
