import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { inject, onTestFinished, vi } from 'vitest';
import { type Recording, readWav } from '../../../src/delivery/speech/read-wav.ts';
import { freePorts } from '../../rig/free-ports.ts';
import { createServerProcess, type Server } from '../../rig/server-process.ts';
import { findTool, privateFolder } from '../../rig/stores.ts';
import { WAIT } from './caller.ts';

/** A real phone: baresip, which answers by itself and records what it hears. */
export interface Phone {
  port: number;
  /** A port that nobody has. */
  spare: number;
  /** As typed on its keypad during a call, sent as RFC 4733 events. */
  press(keys: string): Promise<void>;
  tell(command: string, params?: string): Promise<void>;
  /** Names of what has happened so far: CALL_ESTABLISHED, CALL_CLOSED … */
  events: readonly PhoneEvent[];
  until(event: string, count?: number): Promise<PhoneEvent>;
  /** What was heard, once the call is over. */
  recording(): Promise<Recording>;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
}

export interface PhoneEvent {
  type: string;
  [name: string]: unknown;
}

export interface PhoneOptions {
  /** What it says; default: the echo of what it hears. */
  source?: string;
  /** Of this machine; default 127.0.0.1. */
  address?: string;
  /** `answermode` and other parameters of its account. */
  account?: string;
  modules?: readonly string[];
  config?: readonly string[];
}

const RTP_PORTS = 20;
const MODULES = '/usr/lib/baresip/modules';

export async function startPhone(options: PhoneOptions = {}): Promise<Phone> {
  const { server, folder, port, control, spare } = await launchOnFreePorts(options);
  // In good order it would first take leave of calls that are over.
  onTestFinished(() => server.kill());

  const events: PhoneEvent[] = [];
  const socket = connect(control, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let buffered = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (;;) {
      // Netstrings: length, colon, content, comma.
      const colon = buffered.indexOf(':');
      const end = colon + 1 + Number(buffered.toString('latin1', 0, colon));
      if (colon === -1 || buffered.length <= end) return;
      const message = JSON.parse(buffered.toString('utf8', colon + 1, end));
      if (message.event) events.push(message);
      buffered = buffered.subarray(end + 1);
    }
  });

  async function tell(command: string, params = ''): Promise<void> {
    const text = JSON.stringify({ command, params });
    await new Promise((resolve) => socket.write(`${Buffer.byteLength(text)}:${text},`, resolve));
  }

  async function until(event: string, count = 1): Promise<PhoneEvent> {
    return vi.waitFor(() => {
      const found = events.filter(({ type }) => type === event)[count - 1];
      if (!found) throw new Error(`no ${event} among ${events.map(({ type }) => type).join(', ')}`);
      return found;
    }, WAIT);
  }

  return {
    port,
    spare,
    events,
    tell,
    until,
    async press(keys) {
      await tell('sndcode', keys);
    },
    async recording() {
      await until('CALL_CLOSED');
      return vi.waitFor(() => {
        const file = readdirSync(folder).find((name) => name.endsWith('-dec.wav'));
        const recording = file && readWav(readFileSync(join(folder, file)));
        if (!recording || recording.samples.length === 0) throw new Error('nothing recorded');
        return recording;
      }, WAIT);
    },
    pause: server.pause,
    resume: server.resume,
    kill: server.kill,
  };
}

/** Somebody may take a port between the look at it and the phone's start. */
async function launchOnFreePorts(options: PhoneOptions, attempts = 3): Promise<Launched> {
  try {
    return await launch(options);
  } catch (error) {
    if (attempts === 1 || !String(error).includes('Address already in use')) throw error;
    return launchOnFreePorts(options, attempts - 1);
  }
}

interface Launched {
  server: Server;
  folder: string;
  port: number;
  control: number;
  spare: number;
}

async function launch({
  account = 'answermode=auto',
  source = 'aubridge,echo',
  address = '127.0.0.1',
  modules = [],
  config = [],
}: PhoneOptions): Promise<Launched> {
  const binary = await findTool('baresip');
  const folder = privateFolder('baresip');
  const host = isIPv6(address) ? `[${address}]` : address;
  // After its own port it listens on the next one too, for TLS.
  const [port = 0, , control = 0, spare = 0, rtp = 0] = await freePorts(5 + RTP_PORTS);
  const lines = [
    `sip_listen ${host}:${port}`,
    `net_interface ${address}`,
    ...(isIPv6(address) ? ['net_af ipv6', 'net_prefer_ipv6 yes'] : []),
    // Nothing of this machine's sound: what is heard is said again, as by a bad line.
    'audio_player aubridge,echo',
    `audio_source ${source}`,
    'audio_alert aubridge,none',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    `rtp_ports ${rtp}-${rtp + RTP_PORTS}`,
    `snd_path ${folder}`,
    `module_path ${MODULES}`,
    ...['g711', 'aufile', 'aubridge', 'sndfile', ...modules].map((name) => `module ${name}.so`),
    ...['account', 'menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`),
    `ctrl_tcp_listen 127.0.0.1:${control}`,
    ...config,
  ];
  writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'accounts'), `<sip:+33612345678@${host}>;regint=0;${account}\n`);
  writeFileSync(join(folder, 'contacts'), '');
  const server = createServerProcess({
    runFolder: inject('rig').runFolder,
    command: binary,
    args: ['-f', folder],
    folder,
    ready: 'baresip is ready',
    stopSignal: 'SIGTERM',
  });
  await server.start();
  return { server, folder, port, control, spare };
}
