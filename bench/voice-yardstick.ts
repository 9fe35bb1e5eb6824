import { createSocket } from 'node:dgram';
import { writeRtpHeader } from '../src/delivery/rtp/packet.ts';

/** The least that many streams cost: a timer, and a packet for each of them every 20 ms. Receives nothing. */
const FRAME_MS = 20;

process.on('message', ({ ports }: { ports: number[] }) => {
  const streams = ports.map((port) => ({ port, socket: createSocket('udp4') }));
  let sequence = 0;
  let due = performance.now();
  const send = () => {
    for (const { port, socket } of streams) {
      const packet = Buffer.alloc(172);
      writeRtpHeader(packet, { marker: false, payloadType: 8, sequence, timestamp: sequence * 160, ssrc: port });
      socket.send(packet, port, '127.0.0.1');
    }
    sequence = (sequence + 1) & 0xffff;
    due += FRAME_MS;
    setTimeout(send, Math.max(0, due - performance.now()));
  };
  send();
  process.send?.({});
});
