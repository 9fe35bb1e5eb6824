import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService } from '../service.ts';
import { dumpEverything, whereIs } from './dump-everything.ts';

await describeWith(['postgres', 'redis'], 'what is kept by hashes', () => {
  it('PRV-02: no hash that anybody could make of a number is anywhere', async () => {
    const service = await openTestService('scaled');
    const to = newNumber();
    await service.call('POST', '/v1/verifications', { to, client: { ip: '203.0.113.7' } });
    await service.call('POST', '/v1/messages', { to, text: 'hello' });
    await service.sendMessages();
    await service.recorded();
    await service.services.auditLog.sealer.sealAll();
    const dump = await dumpEverything(service);
    expect(whereIs(dump, [to]).length).toBeGreaterThan(1);
    const spellings = [to, to.slice(1), `00${to.slice(1)}`, `0${to.slice(3)}`];
    const guesses = ['md5', 'sha1', 'sha256', 'sha512'].flatMap((algorithm) =>
      spellings.flatMap((text) => {
        const hash = createHash(algorithm).update(text).digest();
        return [hash.toString('hex'), hash.toString('base64'), hash.toString('base64url')];
      }),
    );
    expect(whereIs(dump, guesses)).toEqual([]);
    await service.close();
  });
});
