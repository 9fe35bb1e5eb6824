import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePorts } from '../../rig/free-ports.ts';
import { findTool, privateFolder } from '../../rig/stores.ts';

/** A server that plays one scenario of SIPp, which ends badly when anything else comes than is expected. */
export interface Sipp {
  port: number;
  /** Resolves when the scenario went through; rejects with what was wrong. */
  done: Promise<void>;
}

export interface SippOptions {
  /** Sends back what audio comes. */
  echo?: boolean;
  transport?: 'udp' | 'tcp';
  /** Calls that the scenario is for. */
  calls?: number;
}

export async function startSipp(steps: readonly string[], options: SippOptions = {}): Promise<Sipp> {
  const { echo = false, transport = 'udp', calls = 1 } = options;
  const binary = await findTool('sipp');
  const folder = privateFolder('sipp');
  // Its media port is followed by RTCP's and a second pair.
  const [port = 0, media = 0] = await freePorts(5);
  const file = join(folder, 'scenario.xml');
  writeFileSync(
    file,
    `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="test">\n${steps.join('\n')}\n</scenario>\n`,
  );
  const args = [
    '-sf',
    file,
    '-i',
    '127.0.0.1',
    '-p',
    String(port),
    '-mi',
    '127.0.0.1',
    '-mp',
    String(media),
    '-m',
    String(calls),
  ];
  args.push(
    '-t',
    transport === 'tcp' ? 't1' : 'u1',
    '-nostdin',
    '-trace_err',
    '-error_file',
    join(folder, 'errors'),
    '-timeout',
    '18',
    '-timeout_error',
  );
  // Only what the scenario says is sent again, and what comes too early or twice is noticed.
  args.push('-nr', ...(echo ? ['-rtp_echo'] : []));
  const child = spawn(binary, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk;
  });
  onTestFinished(() => end(child));
  const done = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`sipp ended with ${code}: ${complaint}${errorsOf(folder)}`));
    });
  });
  done.catch(() => {});
  await Promise.race([done, listening(child, port, transport)]);
  return { port, done };
}

/** It says nothing when it is ready: its socket is looked for. */
async function listening(child: ChildProcess, port: number, transport: 'udp' | 'tcp'): Promise<void> {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  while (child.exitCode === null) {
    if (readFileSync(`/proc/net/${transport}`, 'latin1').includes(local)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function errorsOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'errors'), 'utf8');
  } catch {
    return 'it says no more';
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

const COPIED = '[last_Via:]\n[last_From:]\n[last_To:];tag=TAG\n[last_Call-ID:]\n[last_CSeq:]';

export const AUDIO = `Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000`;

const NO_AUDIO = 'Content-Length: 0';
const CONTACT = 'Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>';

const send = (lines: string, attributes = '') => `<send ${attributes}><![CDATA[\n${lines}\n\n]]></send>`;

/** `more`: further header lines. */
export function respond(status: number, { more = '', audio = false, tag = '[call_number]' } = {}): string {
  const copied = COPIED.replace(';tag=TAG', status === 100 ? '' : `;tag=${tag}`);
  const lines = [`SIP/2.0 ${status} Test`, copied, CONTACT, ...(more ? [more] : []), audio ? AUDIO : NO_AUDIO];
  return send(lines.join('\n'));
}

export const answer = (options: { tag?: string; more?: string } = {}) => respond(200, { audio: true, ...options });

/** `action`: what is done with it. */
export const receive = (method: string, action = '') =>
  `<recv request="${method}">${action && `<action>${action}</action>`}</recv>`;
export const receiveResponse = (status: number, action = '') =>
  `<recv response="${status}">${action && `<action>${action}</action>`}</recv>`;

/** Answers the last request, which had the tag already. */
export const ok = (audio = '') =>
  send(
    `SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n${CONTACT}\n${audio || NO_AUDIO}`,
  );

export const receiveCall = (action = '') => receive('INVITE', action);

/** The INVITE of a call in which the other side has something to ask. */
export const receiveCallToAsk = () =>
  `${receiveCall(
    ['From', 'To', 'Contact']
      .map((name) => `<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="${name}:" assign_to="${name}"/>`)
      .concat('<ereg regexp="tag=.*" search_in="hdr" header="From:" assign_to="tag"/>')
      .concat('<ereg regexp="SIP.*" search_in="hdr" header="Via:" assign_to="Via"/>')
      .join(''),
  )}<Reference variables="From,To,Contact,tag,Via"/>`;

export const request = (method: string, number: number, rest = NO_AUDIO) =>
  send(`${method} [$Contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <[$To]>;tag=[call_number]
To: <[$From]>;[$tag]
Call-ID: [call_id]
CSeq: ${number} ${method}
Max-Forwards: 70
${CONTACT}
${rest}`);

export const wait = (ms: number) => `<pause milliseconds="${ms}"/>`;

/** A second phone answers the same INVITE. */
export const answerAsSecond = () =>
  send(`SIP/2.0 200 OK
Via: [$Via]
From: <[$From]>;[$tag]
To: <[$To]>;tag=second
Call-ID: [call_id]
CSeq: 1 INVITE
${CONTACT}
${AUDIO}`);

/** BYE from the other side, as the end of a call that was answered. */
export const hungUp = [receive('BYE'), ok()];
