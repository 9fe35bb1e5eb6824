import { buildApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { explainError } from './lib/explain-error.ts';
import { openServices, type Services } from './open.ts';
import countersign, { type CountersignOptions } from './plugin.ts';
import { startWorkers } from './work.ts';

/** A load balancer may send requests for this long after readiness went false. */
const LINGER_MS = 5_000;
/** Whatever hangs then is left behind: the next process takes it up. */
const GRACE_MS = 25_000;

export function buildService(
  services: Services,
  draining: () => boolean = () => false,
  options: Pick<CountersignOptions, 'api'> = {},
) {
  const { log, config } = services;
  return buildApp({ logger: log, trustProxy: config.file.trust_proxy, draining }, countersign, {
    ...options,
    services,
    standalone: true,
    draining,
  });
}

/** `countersign serve`: answers HTTP and, unless told otherwise, does the due work too. */
export async function serve(config: Config, options: { workers?: boolean } = {}): Promise<void> {
  const services = await openServices(config);
  let draining = false;
  const app = await buildService(services, () => draining);
  const workers = options.workers === false ? null : startWorkers(services);
  const url = await app.listen({ port: config.port, host: config.host });
  onceAsked(async () => {
    draining = true;
    if (config.mode === 'production') await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
    await app.close();
    await workers?.stop();
    await services.close();
  }, services);
  announce(services, url);
  clearAwayStart();
}

/** `countersign worker`: only the due work; with a port also health and metrics. */
export async function work(config: Config, { port }: { port?: number | undefined } = {}): Promise<void> {
  const services = await openServices(config);
  let draining = false;
  const app = port === undefined ? null : await buildService(services, () => draining, { api: false });
  const workers = startWorkers(services);
  const url = await app?.listen({ host: config.host, ...(port !== undefined && { port }) });
  onceAsked(async () => {
    draining = true;
    await app?.close();
    await workers.stop();
    await services.close();
  }, services);
  process.stdout.write(`countersign worker is ready${url ? `: ${url}` : ''}\n`);
  clearAwayStart();
}

/** With `--expose-gc`: what starting leaves behind is a sixth of the memory, and V8 would keep it for long. */
function clearAwayStart(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function announce({ firstProject, config }: Services, url: string): void {
  const { generatedKey } = firstProject;
  if (generatedKey) {
    process.stdout.write(`API key (shown once): ${generatedKey}\nSandbox: ${url}/sandbox#key=${generatedKey}\n`);
  }
  process.stdout.write(`countersign is ready: ${url} (${config.mode})\n`);
}

/** Ends the process on the first SIGTERM or SIGINT; later ones change nothing, and it never takes longer than the grace. */
function onceAsked(end: () => Promise<void>, { log }: Services): void {
  let asked = false;
  const finish = () => {
    if (asked) return;
    asked = true;
    setTimeout(() => {
      log.error('shutdown took too long');
      process.exit(0);
    }, GRACE_MS).unref();
    end()
      .then(
        () => 0,
        (error) => {
          log.error({ err: error }, 'shutdown failed');
          return 1;
        },
      )
      .then(async (code) => {
        // At exit pino writes synchronously, and tries for ever when nobody reads any more; here it gives up.
        await new Promise((resolve) => log.flush(resolve));
        process.exit(code);
      });
  };
  process.on('SIGTERM', finish);
  process.on('SIGINT', finish);
}

if (import.meta.main) {
  try {
    await serve(readConfig());
  } catch (error) {
    process.stderr.write(`countersign: ${explainError(error)}\n`);
    process.exit(1);
  }
}
