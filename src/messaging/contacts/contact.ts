import type { Selectable } from 'kysely';
import type { ContactTable } from '../../db/schema/people.ts';
import type { Mode } from '../../lib/mode.ts';

/** Contacts, lists and segments are a project's, of one mode. */
export interface Owner {
  project: string;
  mode: Mode;
}

/** How a contact is reached; at most one address of each kind. `phone` is for messages and calls. */
export const ADDRESS_KINDS = ['phone', 'email', 'whatsapp', 'telegram'] as const;
export type AddressKind = (typeof ADDRESS_KINDS)[number];

export type ContactRow = Selectable<ContactTable>;

export type AttributeValue = string | number | boolean;

/** A contact with everything that is kept of it. */
export interface Contact {
  row: ContactRow;
  addresses: Partial<Record<AddressKind, string>>;
  tags: string[];
}

export interface DraftAddress {
  address: string;
  hash: string;
}

/** What is to be known of a contact. Members that are missing say nothing, null takes away. */
export interface ContactDraft {
  /** Of a contact that has to be made. */
  id: string;
  externalId?: string | null;
  addresses: Partial<Record<AddressKind, DraftAddress | null>>;
  attributes: Record<string, AttributeValue | null>;
  locale?: string | null;
  country?: string | null;
  timeZone?: string | null;
  /** Of the number. */
  numberCountry: string | null;
  tags: readonly string[];
}

export const MAX_TAGS = 50;
export const TAG_PATTERN = '^[^\\p{Cc}\\p{Zl}\\p{Zp},;]{1,64}$';

/** What a contact is told by. */
export function keysOf({ externalId, addresses }: Pick<ContactDraft, 'externalId' | 'addresses'>): string[] {
  const keys = externalId ? [externalKey(externalId)] : [];
  for (const kind of ADDRESS_KINDS) {
    const address = addresses[kind];
    if (address) keys.push(addressKey(kind, address.hash));
  }
  return keys;
}

export const externalKey = (id: string) => `external ${id}`;
export const addressKey = (kind: AddressKind, hash: string) => `${kind} ${hash}`;
