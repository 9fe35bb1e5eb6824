import { createSocket } from 'node:dgram';
import { setServers } from 'node:dns';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../../rig/stores.ts';
import { startCaller } from './caller.ts';
import { startPeer } from './peer.ts';
import { receive, receiveCall, respond, startSipp } from './sipp.ts';

/** A name server (RFC 1035, RFC 2782) for this host, by these ports in their order. Resolves with what it was asked for. */
async function startNameServer(...ports: number[]): Promise<string[]> {
  const asked: string[] = [];
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    asked.push(query.toString('latin1', 12, end - 5).replace(/[^\w-]/g, '.'));
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    // The answers, and nothing of what else the question may have.
    header.writeUInt32BE(ports.length << 16, 6);
    header.writeUInt16BE(0, 10);
    const target = Buffer.from('\x09localhost\0', 'latin1');
    const records = ports.flatMap((port, priority) => {
      const record = Buffer.alloc(18);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(33, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(60, 6);
      record.writeUInt16BE(6 + target.length, 10);
      record.writeUInt16BE(priority, 12);
      record.writeUInt16BE(port, 16);
      return [record, target];
    });
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address);
  });
  setServers([`127.0.0.1:${socket.address().port}`]);
  return asked;
}

await describeWith(['sipp', 'espeak-ng'], 'a trunk by its domain', () => {
  it('is called by its next server while the first wants to be left alone', async () => {
    const full = await startPeer((request, { answer }) => answer(request, 503, { headers: ['Retry-After: 60'] }));
    const other = await startPeer((request, { answer }) => answer(request, 486));
    await startNameServer(full.port, other.port);
    const { call } = await startCaller([{ host: 'two.example.com' }]);
    expect([await call(), await call()]).toMatchObject([{ reason: 'busy' }, { reason: 'busy' }]);
    expect([full, other].map((peer) => peer.requests('INVITE').length)).toEqual([1, 2]);
  });

  it('is found by its SRV record', async () => {
    const { port, done } = await startSipp([receiveCall(), respond(486), receive('ACK')]);
    const asked = await startNameServer(port);
    const { call } = await startCaller([{ host: 'trunk.example.com' }]);
    expect(await call()).toMatchObject({ kind: 'rejected', reason: 'busy' });
    expect(asked).toEqual(['._sip._udp.trunk.example.com']);
    await done;
  });
});
