import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** Copies what is in the log to the file, as far as nobody has to wait for it, whenever it is told to. */
const database = new DatabaseSync(workerData);
const checkpoint = database.prepare('pragma wal_checkpoint(passive)');
parentPort.on('message', () => parentPort.postMessage(checkpoint.get()));
