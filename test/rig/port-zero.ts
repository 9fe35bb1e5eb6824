import { spawnSync } from 'node:child_process';

const PROGRAM = `
use Socket;
binmode STDIN;
socket(my $raw, PF_INET, SOCK_RAW, 17) or die "socket: $!";
my $content = join '', <STDIN>;
my $datagram = pack('nnnn', 0, $ARGV[0], 8 + length $content, 0) . $content;
send($raw, $datagram, 0, sockaddr_in(0, inet_aton('127.0.0.1'))) or die "send: $!";`;

/** One datagram from 127.0.0.1 with a source port that no socket can have; raw sockets are for root. */
export function sendFromPortZero(port: number, content: string | Buffer): void {
  const { status, stderr } = spawnSync('perl', ['-e', PROGRAM, String(port)], { input: content });
  if (status !== 0) throw new Error(String(stderr));
}
