import { drive, type Load, type NextRequest, type Slice } from './drive.ts';
import { createOpenCodes, type Installation } from './open-codes.ts';

/**
 * The load generator, a process of its own: closed loop, every connection sends its next request when the last one is
 * answered. It remembers what it started, opens the codes itself and checks them.
 */
export interface Order extends Load {
  /** `finish` answers whatever is still pending, unmeasured, so that nothing of it comes due during a later slice. */
  kind: 'yardstick' | 'start' | 'open-codes' | 'check-wrong' | 'check-right' | 'finish';
}

interface Started {
  id: string;
  code: string;
  wrongGuesses: number;
}

/** One less than what exhausts a challenge, so that the right answer is still taken afterwards. */
const MAX_WRONG_GUESSES = 4;

export interface DriverSettings {
  /** Whose codes it opens. */
  installation: Installation;
  /** Phones confirm what they receive. */
  receipts: boolean;
}

const { installation, receipts } = JSON.parse(process.argv[2] ?? '') as DriverSettings;
const openCodes = await createOpenCodes(installation);

const numbers = createNumbers(receipts ? '1000' : '0002');
/** The yardstick counts them apart. */
const yardstickNumbers = createNumbers('0002');
let pending: Started[] = [];

process.on('message', (order: Order) => {
  follow(order).then(
    (slice) => process.send?.(slice),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function follow(order: Order): Promise<Slice | null> {
  switch (order.kind) {
    case 'yardstick':
      return drive(
        order,
        startRequests(yardstickNumbers, () => {}),
      );
    case 'start':
      pending = [];
      return drive(
        order,
        startRequests(numbers, (id) => pending.push({ id, code: '', wrongGuesses: 0 })),
      );
    case 'open-codes': {
      const codes = await openCodes(pending.map(({ id }) => id));
      for (const [index, started] of pending.entries()) started.code = codes[index] ?? '';
      return null;
    }
    case 'check-wrong':
      return drive(order, wrongAnswers());
    case 'check-right':
      return drive(order, rightAnswers());
    case 'finish':
      await drive({ ...order, durationMs: Number.POSITIVE_INFINITY }, rightAnswers());
      return null;
  }
}

// Area codes of Brazil (Anatel): every number is used once, so no recipient meets a limit.
const AREAS = [
  ...[1, 4, 6, 8, 9].flatMap((tens) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((ones) => tens * 10 + ones)),
  ...[21, 22, 24, 27, 28, 31, 32, 33, 34, 35, 37, 38, 51, 53, 54, 55, 71, 73, 74, 75, 77, 79],
];
const NUMBERS = AREAS.length * 10_000;
const STRIDE = 268_435_399; // a prime: visits every number, neighbours far apart

/** To the sandbox, phones ending in 0002 never confirm: receipts are requests of their own, not part of a start. */
function createNumbers(ending: string): () => string {
  let counter = 0;
  return () => {
    counter += 1;
    const number = (counter * STRIDE) % NUMBERS;
    return `+55${AREAS[number % AREAS.length]}9${String(Math.floor(number / AREAS.length)).padStart(4, '0')}${ending}`;
  };
}

function startRequests(nextNumber: () => string, onStarted: (id: string) => void): NextRequest {
  return () => {
    const to = nextNumber();
    const network = `${to.slice(3, 5)}.${Number(to.slice(6, 10)) % 256}`;
    const body = JSON.stringify({
      to,
      locale: 'pt',
      purpose: 'login',
      subject: `user${to}`,
      client: { ip: `198.18.${network}`, user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' },
    });
    return {
      path: '/v1/verifications',
      body,
      isExpected(status, answer) {
        if (status !== 201) return false;
        onStarted((JSON.parse(answer) as { id: string }).id);
        return true;
      },
    };
  };
}

function rightAnswers(): NextRequest {
  return () => {
    const started = pending.pop();
    return started ? check(started.id, started.code, '"valid":true') : null;
  };
}

function wrongAnswers(): NextRequest {
  let at = 0;
  return () => {
    const started = pending[at++ % Math.max(1, pending.length)];
    if (!started || started.wrongGuesses >= MAX_WRONG_GUESSES) return null;
    started.wrongGuesses += 1;
    const wrong = String((Number(started.code) + 1) % 10 ** started.code.length).padStart(started.code.length, '0');
    return check(started.id, wrong, '"wrong_code"');
  };
}

function check(id: string, code: string, expected: string): ReturnType<NextRequest> {
  return {
    path: `/v1/verifications/${id}/check`,
    body: `{"code":"${code}"}`,
    isExpected: (status, body) => status === 200 && body.includes(expected),
  };
}
