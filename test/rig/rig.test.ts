import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeWith, freshDatabase, freshRedis, freshRedisCluster, privateRedisSentinel, privateRedis } from './stores.ts';

await describeWith(['redis', 'postgres'], 'rig', () => {
  it('redis', async () => {
    const t = Date.now();
    const a = await freshRedis();
    console.log(a.url, Date.now() - t);
    const c = new Redis(a.url); await c.set('a', 1); c.disconnect();
  });
  it('postgres', async () => {
    let t = Date.now();
    const a = await freshDatabase('postgres', 'empty');
    console.log(a.url, Date.now() - t); t = Date.now();
    const b = await freshDatabase('postgres');
    console.log(b.url, Date.now() - t);
    t = Date.now();
    const d = await freshDatabase('postgres');
    console.log(d.url, Date.now() - t);
    d.close();
  });
  it('cluster', async () => {
    const t = Date.now();
    const a = await freshRedisCluster();
    console.log(a.url, Date.now() - t);
  });
  it('sentinel', async () => {
    const t = Date.now();
    const a = await privateRedisSentinel();
    console.log(a.url, Date.now() - t);
  });
});
