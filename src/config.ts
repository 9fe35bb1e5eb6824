import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import { RoutingTableSchema } from './delivery/routing/table-schema.ts';
import { closed } from './http/schemas.ts';
import { ConfigError } from './lib/config-error.ts';
import { fillDefaults } from './lib/fill-defaults.ts';
import { createSchemaCheck } from './lib/schema-check.ts';
import { substitute, type Unset } from './lib/substitute.ts';
import { checkRetention, RetentionSchema } from './privacy/retention-schema.ts';
import { checkPolicyOverrides, createPolicyResolver } from './verify/policy.ts';
import { findPolicyConflicts } from './verify/policy-conflicts.ts';

/**
 * The configuration: environment variables (docs/configuration.md) and, where COUNTERSIGN_CONFIG names one, a YAML or
 * JSON file. Read once, checked once, frozen; no other module reads the environment.
 */
export interface Config {
  readonly port: number;
  /** Null when PORT is not set. */
  readonly givenPort: number | null;
  readonly host: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  /** Null in development when none is given: one is made and kept in the data folder. */
  readonly masterSecrets: readonly Buffer[] | null;
  readonly apiKey: string | null;
  readonly mode: 'development' | 'production';
  readonly allowPrivateWebhooks: boolean;
  /** Where the embedded profile keeps its files. */
  readonly dataFolder: string;
  readonly file: ConfigFile;
  /** Where `file` was read; null without COUNTERSIGN_CONFIG. */
  readonly filePath: string | null;
}

/** The rest is what the type of the provider says: checked when it is opened. */
const ProviderSchema = Type.Object(
  {
    type: Type.String({ minLength: 1 }),
    one_receipt_per_message: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: true },
);

/** An anchor or a sink of the audit log: the rest is what its type says, checked when it is opened. */
const OutletSchema = Type.Object(
  { name: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,39}$' }), type: Type.String({ minLength: 1 }) },
  { additionalProperties: true },
);

export const ConfigFileSchema = Type.Object(
  {
    public_url: Type.Optional(
      Type.String({
        pattern: '^https?://',
        description: 'Where the API is reached from outside: carriers call back there, and proofs are issued by it.',
      }),
    ),
    trust_proxy: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Addresses or CIDR ranges of own proxies.',
    }),
    log_level: Type.Union(
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'].map((level) => Type.Literal(level)),
      { default: 'info' },
    ),
    docs: Type.Optional(Type.Boolean({ description: 'Serve /docs and /openapi.json; default: in development only.' })),
    policy: Type.Record(Type.String(), Type.Unknown(), {
      default: {},
      description: 'Policy of all projects that do not say otherwise.',
    }),
    rate_limits: Type.Object(
      {
        key_per_minute: Type.Integer({ minimum: 1, default: 600_000 }),
        ip_per_minute: Type.Integer({ minimum: 1, default: 600_000 }),
        failed_authentications_per_minute: Type.Integer({ minimum: 1, default: 600 }),
      },
      { ...closed, default: {} },
    ),
    hashing: Type.Object(
      {
        concurrency: Type.Integer({ minimum: 1, maximum: 64, default: 4 }),
        max_queued: Type.Integer({ minimum: 0, maximum: 100_000, default: 512 }),
      },
      { ...closed, default: {} },
    ),
    retention: RetentionSchema,
    database_pool: Type.Integer({ minimum: 1, maximum: 200, default: 10 }),
    webhooks: Type.Object(
      {
        ports: Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 }), { default: [443, 8443] }),
        endpoints_per_project: Type.Integer({ minimum: 1, maximum: 1_000, default: 20 }),
      },
      { ...closed, default: {} },
    ),
    audit: Type.Object(
      {
        checkpoint_seconds: Type.Integer({ minimum: 1, maximum: 55, default: 30 }),
        anchors: Type.Array(OutletSchema, { default: [], description: 'Where checkpoints are kept outside.' }),
        sinks: Type.Array(OutletSchema, { default: [], description: 'Where every event is shipped to.' }),
      },
      { ...closed, default: {} },
    ),
    providers: Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,39}$' }), ProviderSchema, {
      default: {},
      additionalProperties: false,
      description: 'Carriers by a name of your own.',
    }),
    recordings: Type.Object(
      {
        transcoder: Type.Optional(
          Type.Array(Type.String({ minLength: 1, maxLength: 1_000 }), {
            minItems: 1,
            maxItems: 50,
            description: 'A program and its arguments; {format} is wav or mp3. Default: ffmpeg.',
          }),
        ),
      },
      { ...closed, default: {} },
    ),
    links: Type.Object(
      {
        base_url: Type.Optional(
          Type.String({
            pattern: '^https?://[^\\s?#]+$',
            maxLength: 200,
            description: 'Short links begin with it; requests below it reach /l/ here.',
          }),
        ),
        days: Type.Integer({ minimum: 1, maximum: 730, default: 90 }),
      },
      { ...closed, default: {} },
    ),
    routes: Type.Optional(RoutingTableSchema),
  },
  closed,
);

export type ConfigFile = Omit<Static<typeof ConfigFileSchema>, 'log_level'> & { log_level: string };

export { ConfigError };

const MIN_SECRET_BYTES = 32;
const API_KEY = /^cs_(live|test)_[A-Za-z0-9_-]{32,200}$/;

export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const mode = oneOf('COUNTERSIGN_MODE', env.COUNTERSIGN_MODE || 'development', ['development', 'production']);
  const databaseUrl = env.DATABASE_URL || 'sqlite:./data/countersign.db';
  const redisUrl = env.REDIS_URL || null;
  if (!/^(sqlite:|postgres(ql)?:\/\/)/.test(databaseUrl))
    throw new ConfigError('DATABASE_URL must begin with sqlite: or postgres://');
  if (redisUrl && !/^redis(s|\+sentinel|\+cluster)?:\/\//.test(redisUrl)) {
    throw new ConfigError('REDIS_URL must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://');
  }
  if (redisUrl && databaseUrl.startsWith('sqlite:')) {
    throw new ConfigError(
      'REDIS_URL needs a DATABASE_URL of PostgreSQL beside it: instances cannot share an SQLite file',
    );
  }
  const allowPrivateWebhooks =
    oneOf('COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS', env.COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS || 'false', [
      'true',
      'false',
    ]) === 'true';
  const givenPort = env.PORT ? readPort('PORT', env.PORT) : null;
  const config: Config = {
    port: givenPort ?? 3000,
    givenPort,
    host: env.HOST || '127.0.0.1',
    databaseUrl,
    redisUrl,
    masterSecrets: env.COUNTERSIGN_SECRET ? env.COUNTERSIGN_SECRET.split(',').map(readSecret) : null,
    apiKey: readApiKey(env.COUNTERSIGN_API_KEY),
    mode,
    allowPrivateWebhooks,
    dataFolder: dataFolderOf(databaseUrl),
    file: readConfigFile(env.COUNTERSIGN_CONFIG, env),
    filePath: env.COUNTERSIGN_CONFIG || null,
  };
  if (mode === 'production') refuseInProduction(config);
  return Object.freeze(config);
}

function refuseInProduction(config: Config): void {
  if (!config.masterSecrets)
    throw new ConfigError('COUNTERSIGN_SECRET is required in production: openssl rand -base64 32');
  if (config.allowPrivateWebhooks) throw new ConfigError('COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS is refused in production');
  if (Object.keys((config.file.policy.test_numbers as object | undefined) ?? {}).length > 0) {
    throw new ConfigError('policy.test_numbers in the configuration file are refused in production: remove them');
  }
}

function readSecret(text: string): Buffer {
  const trimmed = text.trim();
  const secret = Buffer.from(trimmed, 'base64');
  const wellFormed = /^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed);
  if (!wellFormed || secret.length < MIN_SECRET_BYTES) {
    throw new ConfigError(
      `COUNTERSIGN_SECRET must be at least ${MIN_SECRET_BYTES} bytes as base64: openssl rand -base64 32`,
    );
  }
  // 32 random bytes hold about 30 different ones; fewer than 16 is typed, repeated or a sample.
  if (new Set(secret).size < 16) throw new ConfigError('COUNTERSIGN_SECRET is not random: openssl rand -base64 32');
  return secret;
}

function readApiKey(text: string | undefined): string | null {
  if (!text) return null;
  if (!API_KEY.test(text)) {
    throw new ConfigError(
      'COUNTERSIGN_API_KEY must be cs_live_ or cs_test_ and at least 32 characters of A-Z a-z 0-9 _ -',
    );
  }
  if (new Set(text.slice('cs_live_'.length)).size < 8) throw new ConfigError('COUNTERSIGN_API_KEY is not random');
  return text;
}

export function readPort(name: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new ConfigError(`${name} must be a number from 0 to 65535`);
  return port;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (!found) throw new ConfigError(`${name} must be ${allowed.join(' or ')}`);
  return found;
}

const checkConfigFile = createSchemaCheck(ConfigFileSchema);

function readConfigFile(path: string | undefined, env: Record<string, string | undefined>): ConfigFile {
  const unset: Unset[] = [];
  const given = substitute(path ? parseFile(path) : {}, env, unset);
  const [missing] = unset;
  if (missing) {
    throw new ConfigError(
      `${path}: ${missing.pointer} needs the environment variable ${missing.name}, which is not set`,
    );
  }
  fillDefaults(ConfigFileSchema, given);
  const file = given as ConfigFile;
  // What follows is about what somebody wrote.
  if (path === undefined) return file;
  const [error] = checkConfigFile(given);
  if (error) throw new ConfigError(`${path}: ${error.pointer || '/'} ${error.message}`);
  const [unkeepable] = checkRetention(file.retention);
  if (unkeepable) throw new ConfigError(`${path}: /retention${unkeepable.pointer} ${unkeepable.message}`);
  const [outOfBounds] = checkPolicyOverrides(file.policy);
  const policyError = outOfBounds ?? findPolicyConflicts(createPolicyResolver(file.policy)({}))[0];
  if (policyError) throw new ConfigError(`${path}: /policy${policyError.pointer} ${policyError.message}`);
  return file;
}

function parseFile(path: string): unknown {
  try {
    // YAML 1.2 contains JSON, so one parser reads both. Loaded here, because most installations have no file.
    const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
    return parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw new ConfigError(`COUNTERSIGN_CONFIG: cannot read ${path}: ${explain(error)}`);
  }
}

/** The parser's own message quotes the line, and a line may hold a secret. */
function explain(error: unknown): string {
  const { code, linePos, message } = error as Error & { code?: string; linePos?: { line: number; col: number }[] };
  const [place] = linePos ?? [];
  return place ? `${code} in line ${place.line}, column ${place.col}` : message;
}

function dataFolderOf(databaseUrl: string): string {
  const path = databaseUrl.startsWith('sqlite:') ? databaseUrl.slice('sqlite:'.length) : '';
  return path && path !== ':memory:' ? dirname(resolve(path)) : join(process.cwd(), 'data');
}
