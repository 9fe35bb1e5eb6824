import type { Now } from '../lib/clock.ts';
import { ConfigError } from '../lib/config-error.ts';
import type { HttpClient } from '../lib/http-client.ts';
import type { Keyring } from '../lib/keyring.ts';
import { nearestName } from '../lib/nearest-name.ts';
import { createSchemaCheck } from '../lib/schema-check.ts';
import { createCarrierState } from './carrier-state.ts';
import type { CallbackKind, Provider, ProviderDeps, ProviderLog, ProviderType } from './provider.ts';
import type { RecordingLinks } from './recordings/recording-links.ts';
import type { Recordings } from './recordings/recordings.ts';

/** A provider as the configuration file has it: what its type says, and what every type has. */
export interface ProviderConfig {
  type: string;
  /** The carrier sends one receipt for a whole message, though it gives every part an id. */
  one_receipt_per_message?: boolean;
  [member: string]: unknown;
}

export type ProviderTypes = Record<string, () => Promise<ProviderType<unknown>>>;

export interface OpenProvidersDeps {
  /** Where they are configured, for messages. */
  file: string;
  publicUrl: string | null;
  keyring: Keyring;
  http: HttpClient;
  recordings: Pick<Recordings, 'samples'>;
  links: RecordingLinks;
  now: Now;
  log: ProviderLog;
  /** Passed by tests. */
  types?: ProviderTypes;
}

export interface OpenProviders {
  /** By name, in the order of the file. */
  providers: ReadonlyMap<string, Provider>;
  reportsOnce(provider: string): boolean;
  close(): Promise<void>;
}

/** Makes the providers of the configuration. Throws a ConfigError that names file, place and remedy. */
export async function openProviders(
  configured: Readonly<Record<string, ProviderConfig>>,
  deps: OpenProvidersDeps,
): Promise<OpenProviders> {
  const types = deps.types ?? ((await import('./providers/registry.ts')).providerTypes as ProviderTypes);
  const providers = new Map<string, Provider>();
  const close = async () => {
    await Promise.allSettled([...providers.values()].map((provider) => provider.close?.()));
  };
  try {
    for (const [name, config] of Object.entries(configured)) {
      providers.set(name, await openProvider(name, config, types, deps));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const once = new Set(Object.keys(configured).filter((name) => configured[name]?.one_receipt_per_message));
  return { providers, reportsOnce: (provider) => once.has(provider), close };
}

async function openProvider(
  name: string,
  { type, one_receipt_per_message: _common, ...own }: ProviderConfig,
  types: ProviderTypes,
  deps: OpenProvidersDeps,
): Promise<Provider> {
  const place = `${deps.file}: /providers/${name}`;
  if (name === 'sandbox') throw new ConfigError(`${place} is the name of the sandbox: choose another one`);
  const load = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!load) throw new ConfigError(`${place}/type ${unknownType(type, Object.keys(types))}`);
  const { schema, check, create } = await load();
  const config = structuredClone(own);
  const [problem] = [...checkSchema(schema, config), ...(check?.(config) ?? [])];
  if (problem) throw new ConfigError(`${place}${problem.pointer} ${problem.message}`);
  try {
    return await create(config, providerDeps(name, deps));
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error;
    throw new ConfigError(`${place} ${error.message}`, { cause: error });
  }
}

/** Members of the schema are described: what is missing is said with what it is. */
function checkSchema(schema: object, config: object): { pointer: string; message: string }[] {
  const { properties = {} } = schema as { properties?: Record<string, { description?: string }> };
  return createSchemaCheck(schema, { defaults: true })(config).map(({ pointer, message }) => {
    const description = properties[pointer.slice(1)]?.description;
    return { pointer, message: description ? `${message}: ${description}` : message };
  });
}

function unknownType(type: string, known: readonly string[]): string {
  const near = nearestName(type, known);
  const hint = near ? `did you mean ${near}?` : `use one of ${known.join(', ')}`;
  return `${type} is not known: ${hint}`;
}

function providerDeps(name: string, deps: OpenProvidersDeps): ProviderDeps {
  const { http, keyring, now, log, publicUrl, recordings, links } = deps;
  const base = publicUrl?.replace(/\/+$/, '') ?? '';
  return {
    name,
    http,
    now,
    log,
    callbackUrl: (kind) => (publicUrl === null ? null : callbackUrl(publicUrl, name, kind)),
    state: createCarrierState(keyring, name),
    recordings: {
      samples: recordings.samples,
      link: (id) => `${base}${links.make(id, now())}`,
    },
  };
}

export function callbackUrl(publicUrl: string, provider: string, kind: CallbackKind): string {
  return `${publicUrl.replace(/\/+$/, '')}/callbacks/${provider}/${kind}`;
}
