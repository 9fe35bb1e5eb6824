import { startRecorder } from '../../src/audit/recorder.ts';
import { openDatabase } from '../../src/db/open.ts';
import { openRedis } from '../../src/db/redis.ts';

/** A recorder and nothing else, to be killed; or to die at the worst moment: committed in SQL, still in the stream. */
const [databaseUrl = '', redisUrl = '', end] = process.argv.slice(2);
const db = await openDatabase(databaseUrl);
const redis = await openRedis(redisUrl);
if (end === 'at the worst moment') {
  redis.client.xdel = () => {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  };
}
startRecorder({ db, redis, now: Date.now });
process.on('disconnect', () => process.exit());
process.send?.('ready');
