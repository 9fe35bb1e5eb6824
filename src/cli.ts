#!/usr/bin/env node
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Config } from './config.ts';
import type { Database } from './db/open.ts';
import { explainError } from './lib/explain-error.ts';

const USAGE = `countersign serve [--no-workers]   answer HTTP and, unless told otherwise, do the due work
countersign worker [--port N]      do the due work only; health and metrics on --port, or on PORT if that is set
countersign migrate                bring the database's schema up to date

countersign keys list [--project ID]
countersign keys create [--name NAME] [--project ID] [--mode live|test] [--scopes A,B] [--expires TIME]
                                   print a new key; unless told otherwise with all scopes but admin, audit:unmask,
                                   privacy:write, recipients:write, settings:write and templates:review
countersign keys revoke ID
countersign keys rotate [--compromised]
                                   make a new key to sign proofs with; it signs after ten minutes, when every
                                   verifier has it. --compromised: at once, and the old ones are void
countersign keys rotate --audit [--compromised]
                                   make a new key to sign the audit log with; the old one signs its introduction,
                                   unless --compromised

countersign audit export [--format ndjson|csv|ocsf|cef] [--project ID [--mode live|test]] [--since TIME]
                         [--until TIME] [--cursor LOG_INDEX]
                                   write the log to stdout, of the whole installation unless told otherwise
countersign audit verify --export FILE [--checkpoints FILE …] [--keys KEY|FILE …] [--partial] [--json]
                                   judge an export offline: exit code 0 proven, 3 changed, 4 not proven.
                                   --partial: it is of one project or of a time, the rest is there as hashes

Without --project, keys are those of the first project. Settings come from the environment: docs/configuration.md
`;

type Command = {
  options?: NonNullable<ParseArgsConfig['options']>;
  /** Names of what must follow. */
  operands?: string[];
} & (
  | { run(config: Config, options: Options, operands: string[]): Promise<number> }
  /** Where there is neither configuration nor database. */
  | { runOffline(options: Options): Promise<number> }
);

type Options = Record<string, string | string[] | boolean | undefined>;

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;
/** Of an export of the log. */
const VERDICTS = { proven: DONE, changed: 3, unproven: 4 } as const;

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true, default: [] as string[] } as const;
const flag = { type: 'boolean' } as const;

const commands: Record<string, Command> = {
  serve: {
    options: { 'no-workers': flag },
    async run(config, options) {
      const { serve } = await import('./main.ts');
      await serve(config, { workers: !options['no-workers'] });
      return DONE;
    },
  },
  worker: {
    options: { port: text },
    async run(config, options) {
      const { readPort } = await import('./config.ts');
      const { work } = await import('./main.ts');
      const port = typeof options.port === 'string' ? readPort('--port', options.port) : config.givenPort;
      await work(config, { port: port ?? undefined });
      return DONE;
    },
  },
  migrate: {
    async run(config) {
      await withDatabase(config, async (_db, { from, to }) => {
        print(from === to ? `the schema is up to date (version ${to})` : `schema version ${from} → ${to}`);
      });
      return DONE;
    },
  },
  'keys list': {
    options: { project: text },
    async run(config, options) {
      const { printKeys } = await import('./projects/key-commands.ts');
      return withProject(config, options, async (db, project) => {
        const lines = await printKeys(db, project, Date.now());
        if (lines === null) return fail(`there is no project ${project}`);
        for (const line of lines) print(line);
        return DONE;
      });
    },
  },
  'keys create': {
    options: { project: text, name: text, mode: text, scopes: text, expires: text },
    async run(config, options) {
      const { createKeyFrom } = await import('./projects/key-commands.ts');
      return withProject(config, options, async (db, project) => {
        const created = await createKeyFrom(db, { ...(options as Record<string, string>), project }, Date.now());
        if (created.kind === 'refused') return misuse(created.why);
        explain(`${created.line}\nThis is the only time the key is shown:`);
        print(created.secret);
        return DONE;
      });
    },
  },
  'keys revoke': {
    operands: ['ID'],
    async run(config, options, [id = '']) {
      const { revokeKeyById } = await import('./projects/key-commands.ts');
      return withProject(config, options, async (db) => {
        const line = await revokeKeyById(db, id, Date.now());
        if (line === null) return fail(`there is no key ${id}`);
        print(line);
        return DONE;
      });
    },
  },
  'keys rotate': {
    options: { compromised: flag, audit: flag },
    async run(config, options) {
      const { SYSTEM } = await import('./audit/admin-event.ts');
      const { createKeyring } = await import('./lib/keyring.ts');
      const { developmentSecret } = await import('./development-secrets.ts');
      const { rotateAuditKey } = await import('./audit/log/audit-keys.ts');
      const { ensureSigningKey, rotateSigningKey } = await import('./tokens/signing-keys.ts');
      const keyring = createKeyring(config.masterSecrets ?? [developmentSecret(config.dataFolder)]);
      return withProject(config, {}, async (db, project) => {
        const how = { actor: SYSTEM, project, compromised: options.compromised === true };
        if (options.audit) {
          print((await rotateAuditKey(db, keyring, Date.now(), how)).verifier);
          return DONE;
        }
        await ensureSigningKey(db, keyring, Date.now());
        const { kid, activeFrom } = await rotateSigningKey(db, keyring, Date.now(), how);
        print(`${kid} signs from ${new Date(activeFrom).toISOString()}`);
        return DONE;
      });
    },
  },
  'audit export': {
    options: { format: text, project: text, mode: text, since: text, until: text, cursor: text },
    async run(config, options) {
      const { writeExport } = await import('./audit/export/export-command.ts');
      return withProject(config, {}, async (db, project) => {
        const target = { out: process.stdout, project, now: Date.now() };
        const refused = await writeExport(db, options as Record<string, string>, target);
        return refused === null ? DONE : misuse(refused);
      });
    },
  },
  'audit verify': {
    options: { export: text, checkpoints: texts, keys: texts, partial: flag, json: flag },
    async runOffline(options) {
      const { verifyFiles } = await import('./audit/verify-command.ts');
      if (typeof options.export !== 'string') return misuse('audit verify needs --export FILE');
      const verified = await verifyFiles({
        export: options.export,
        checkpoints: options.checkpoints as string[],
        keys: options.keys as string[],
        partial: options.partial === true,
        json: options.json === true,
      });
      if (verified.kind === 'refused') return misuse(verified.why);
      print(verified.text);
      return VERDICTS[verified.verdict];
    },
  },
};

async function run(args: string[]): Promise<number> {
  if (args.length === 0) return misuse('say what to do');
  if (args.includes('--help') || args.includes('-h') || args[0] === 'help') {
    print(USAGE.trimEnd());
    return DONE;
  }
  const words = args[0] === 'keys' || args[0] === 'audit' ? 2 : 1;
  const name = args.slice(0, words).join(' ');
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) return misuse(`there is no command ${name}`);
  const operands = command.operands ?? [];
  let parsed: { values: Options; positionals: string[] };
  try {
    parsed = parseArgs({
      args: args.slice(words),
      options: command.options ?? {},
      allowPositionals: operands.length > 0,
    }) as typeof parsed;
  } catch (error) {
    return misuse((error as Error).message);
  }
  if (parsed.positionals.length !== operands.length) return misuse(`${name} takes ${operands.join(' ')}`);
  try {
    if ('runOffline' in command) return await command.runOffline(parsed.values);
    const { readConfig } = await import('./config.ts');
    return await command.run(readConfig(), parsed.values, parsed.positionals);
  } catch (error) {
    return fail(explainError(error));
  }
}

async function withDatabase<T>(
  config: Config,
  work: (db: Database, schema: { from: number; to: number }) => Promise<T>,
): Promise<T> {
  const { openDatabase } = await import('./db/open.ts');
  const { migrate } = await import('./db/migrate.ts');
  const db = await openDatabase(config.databaseUrl, { poolSize: 1 });
  try {
    return await work(db, await migrate(db, Date.now()));
  } finally {
    await db.close();
  }
}

async function withProject<T>(
  config: Config,
  { project }: Options,
  work: (db: Database, project: string) => Promise<T>,
) {
  const { ensureFirstProject } = await import('./projects/first-project.ts');
  return withDatabase(config, async (db) => {
    const { id, generatedKey } = await ensureFirstProject(db, config, Date.now());
    if (generatedKey) explain(`API key of the first project (shown once): ${generatedKey}`);
    return work(db, typeof project === 'string' ? project : id);
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Beside the result, so that the result can be piped. */
function explain(line: string): void {
  process.stderr.write(`${line}\n`);
}

function misuse(why: string): number {
  explain(`countersign: ${why}\n\n${USAGE.trimEnd()}`);
  return MISUSED;
}

function fail(why: string): number {
  explain(`countersign: ${why}`);
  return FAILED;
}

const code = await run(process.argv.slice(2));
// A service that was started goes on; everything else is done, or has nothing to wait for.
if (code === DONE) process.exitCode = DONE;
else process.exit(code);
