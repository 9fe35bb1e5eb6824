import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Something lent to a test file until it hands it back, closes its connection or dies. */
export interface Loan {
  value: string;
  giveBack?(): Promise<unknown>;
}

/** The tool it needs is not on this machine. */
export class Missing extends Error {
  override readonly name = 'Missing';
}

export type Offers = Record<string, (argument: string) => Promise<Loan>>;

/** One line each way: `["postgres", ""]` → `{"value": "postgres://…"}`, `{"missing": "…"}` or `{"error": "…"}`. */
export type Reply = { value: string } | { missing: string } | { error: string };

/**
 * Test files run in processes of their own; servers are started once per run, when the first file asks for one.
 * So the process that outlives them all lends the servers over a socket: what a file borrowed ends with its connection.
 */
export async function startBroker(socketPath: string, offers: Offers): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {}); // a test process was killed
    serve(socket, offers).catch((error) => socket.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return server;
}

async function serve(socket: Socket, offers: Offers): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const line = await new Promise<string>((resolve) => createInterface(socket).once('line', resolve));
  const [name, argument] = JSON.parse(line) as [string, string];
  const reply = (answer: Reply) => socket.write(`${JSON.stringify(answer)}\n`);
  try {
    const offer = offers[name];
    if (!offer) throw new Error(`nobody offers ${name}`);
    const loan = await offer(argument);
    reply({ value: loan.value });
    await closed;
    await loan.giveBack?.();
  } catch (error) {
    reply(error instanceof Missing ? { missing: error.message } : { error: String((error as Error).stack) });
  }
}
