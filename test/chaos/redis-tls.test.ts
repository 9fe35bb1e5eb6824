import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startCountersign } from '../countersign-process.ts';
import { freePorts } from '../rig/free-ports.ts';
import { describeWith, freshDatabase, privateFolder, privateRedis } from '../rig/stores.ts';
import { newNumber } from '../service.ts';

const openssl = (folder: string, ...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];

/** A certificate authority that nobody knows, and a certificate of it for this name. */
function makeCertificates(name: string) {
  const folder = privateFolder('certificates');
  openssl(folder, 'req', '-x509', ...NEW_KEY, '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.crt');
  const names = ['-subj', '/CN=redis', '-addext', `subjectAltName=${name}`];
  openssl(folder, 'req', ...NEW_KEY.slice(0, -2), ...names, '-keyout', 'redis.key', '-out', 'redis.csr');
  const issuer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'];
  openssl(folder, 'x509', '-req', '-in', 'redis.csr', ...issuer, '-copy_extensions', 'copy', '-out', 'redis.crt');
  return { ca: join(folder, 'ca.crt'), key: join(folder, 'redis.key'), certificate: join(folder, 'redis.crt') };
}

await describeWith(['postgres', 'redis'], 'Redis by TLS (rediss://)', () => {
  async function openRedis(name: string) {
    const { ca, key, certificate } = makeCertificates(name);
    const [port = 0] = await freePorts(1);
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', ca];
    await privateRedis(['--tls-port', String(port), '--tls-auth-clients', 'no', ...files]);
    const database = await freshDatabase('postgres');
    return { ca, env: { DATABASE_URL: database.url, REDIS_URL: `rediss://127.0.0.1:${port}` } };
  }

  it('is served when its certificate is of an authority that Node trusts', async () => {
    const { ca, env } = await openRedis('IP:127.0.0.1');
    const service = await startCountersign({ ...env, NODE_EXTRA_CA_CERTS: ca });
    expect((await service.call('POST', '/v1/verifications', { to: newNumber() })).status).toBe(201);
    expect(await service.stop()).toBe(0);
  });

  it('is not talked to when its authority is unknown, or its certificate is for another name', async () => {
    const [unknown, other] = await Promise.all([openRedis('IP:127.0.0.1'), openRedis('DNS:redis.example')]);
    // Each gives up after the ten seconds in which a Redis may still come.
    await Promise.all([
      expect(startCountersign(unknown.env)).rejects.toThrow(/certificate/),
      expect(startCountersign({ ...other.env, NODE_EXTRA_CA_CERTS: other.ca })).rejects.toThrow(/altnames/),
    ]);
  }, 120_000);
});
