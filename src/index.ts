/** For embedding: `app.register(countersign, { services, prefix: '/otp' })`. The README shows the whole of it. */

export { type Config, ConfigError, readConfig } from './config.ts';
export { type OpenOptions, openServices, type Services } from './open.ts';
export { type CountersignOptions, default } from './plugin.ts';
export { startWorkers, type Workers } from './work.ts';
