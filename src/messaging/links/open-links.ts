import type { KeyObject } from 'node:crypto';
import type { Database } from '../../db/open.ts';
import type { Shortener } from '../../delivery/messages/short-links.ts';
import { type ClickLog, createClickLog } from './click-log.ts';
import { createLinkCache, type LinkCache } from './link-cache.ts';
import { createShortener } from './shorten.ts';

/** Short links, as long as the process lives. */
export interface Links {
  cache: LinkCache;
  clicks: ClickLog;
  baseUrl: string | null;
  days: number;
  /** Null: short links have no address. */
  shortener: Shortener | null;
  close(): Promise<void>;
}

export interface LinksDeps {
  db: Database;
  hashKey: KeyObject;
  config: { base_url?: string; days: number };
  publicUrl: string | undefined;
  onError(error: unknown): void;
}

export function openLinks({ db, hashKey, config, publicUrl, onError }: LinksDeps): Links {
  const given = config.base_url ?? (publicUrl === undefined ? undefined : `${publicUrl.replace(/\/+$/, '')}/l`);
  const baseUrl = given?.replace(/\/+$/, '') ?? null;
  const { days } = config;
  const clicks = createClickLog({ db, onError });
  clicks.start();
  return {
    ...{ clicks, baseUrl, days, cache: createLinkCache(db) },
    shortener: baseUrl === null ? null : createShortener({ db, hashKey, baseUrl, days }),
    close: clicks.close,
  };
}
