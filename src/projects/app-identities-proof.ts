import { Resolver } from 'node:dns/promises';
import type { HttpClient } from '../lib/http-client.ts';

/** Whether a host's owner published the token. */
export type ProofResult = 'found' | 'not_found' | 'unreachable';

export interface OriginProofs {
  dns: ProofResult;
  https: ProofResult;
}

export interface ProofDeps {
  /** TXT records, each as its strings. */
  resolveTxt(name: string): Promise<string[][]>;
  /** Must connect to public addresses only: callers name the hosts. */
  http: Pick<HttpClient, 'send'>;
}

const TIMEOUT_MS = 5_000;

export const dnsNameOf = (host: string) => `_countersign-challenge.${host}`;
export const fileUrlOf = (host: string) => `https://${host}/.well-known/countersign.txt`;

/** The text of the record, and a line of the file. */
export const proofTextOf = (token: string) => `countersign-verification=${token}`;

export async function findProofs(deps: ProofDeps, host: string, token: string): Promise<OriginProofs> {
  const text = proofTextOf(token);
  const [dns, https] = await Promise.all([askDns(deps, host, text), askFile(deps, host, text)]);
  return { dns, https };
}

export function systemResolveTxt(name: string): Promise<string[][]> {
  return new Resolver({ timeout: 2_000, tries: 2 }).resolveTxt(name);
}

const NO_RECORD = new Set<unknown>(['ENOTFOUND', 'ENODATA']);

async function askDns({ resolveTxt }: ProofDeps, host: string, text: string): Promise<ProofResult> {
  try {
    const records = await resolveTxt(dnsNameOf(host));
    return records.some((strings) => strings.join('').trim() === text) ? 'found' : 'not_found';
  } catch (error) {
    return error instanceof Error && 'code' in error && NO_RECORD.has(error.code) ? 'not_found' : 'unreachable';
  }
}

/** A redirect is not followed: the file must be the host's own. */
async function askFile({ http }: ProofDeps, host: string, text: string): Promise<ProofResult> {
  const outcome = await http.send({ method: 'GET', url: fileUrlOf(host), timeoutMs: TIMEOUT_MS });
  if (outcome.kind !== 'answer') return 'unreachable';
  const isThere = outcome.status === 200 && outcome.body.split('\n').some((line) => line.trim() === text);
  return isThere ? 'found' : 'not_found';
}
