import { startRecorder } from '../../src/audit/recorder.ts';
import { openDatabase } from '../../src/db/open.ts';
import { openRedis } from '../../src/db/redis.ts';

/** A recorder and nothing else, to be killed. */
const [databaseUrl = '', redisUrl = ''] = process.argv.slice(2);
const db = await openDatabase(databaseUrl);
const redis = await openRedis(redisUrl);
startRecorder({ db, redis, now: Date.now });
process.on('disconnect', () => process.exit());
process.send?.('ready');
