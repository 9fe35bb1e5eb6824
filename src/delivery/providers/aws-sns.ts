import { verify, X509Certificate } from 'node:crypto';
import type { HttpClient } from '../../lib/http-client.ts';
import { parseJson, readObject, readText } from './support/read-value.ts';

/** "Parsing Amazon SNS message formats" (docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats). */
export interface SnsMessage {
  type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  topicArn: string;
  message: string;
  timestamp: string;
  signatureVersion: '1' | '2';
  signature: Buffer;
  signingCertUrl: string;
  subscribeUrl: string | undefined;
  /** What is signed, as SNS lays it out. */
  signed: string;
}

/** In the order of the documentation: sorted by name, each followed by its value. */
const SIGNED_MEMBERS: Readonly<Record<SnsMessage['type'], readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
};

/** Null for what is not one. Nothing of it is to be believed before its signature is. */
export function readSnsMessage(body: Buffer): SnsMessage | null {
  const members = readObject(parseJson(body));
  const { Type: type, SignatureVersion: signatureVersion } = members;
  if (type !== 'Notification' && type !== 'SubscriptionConfirmation' && type !== 'UnsubscribeConfirmation') return null;
  if (signatureVersion !== '1' && signatureVersion !== '2') return null;
  const text = (name: string) => readText(members[name]) ?? '';
  const signed = SIGNED_MEMBERS[type].flatMap((name) =>
    // A subject is left out where there is none.
    typeof members[name] === 'string' ? [`${name}\n${members[name]}\n`] : [],
  );
  return {
    type,
    topicArn: text('TopicArn'),
    message: text('Message'),
    timestamp: text('Timestamp'),
    signatureVersion,
    signature: Buffer.from(text('Signature'), 'base64'),
    signingCertUrl: text('SigningCertURL'),
    subscribeUrl: readText(members.SubscribeURL),
    signed: signed.join(''),
  };
}

/** SNS of the region that the topic is in; any other host could be anybody's. */
export function isSnsUrl(url: string, topicArn: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host, username, password } = new URL(url);
  const [, partition, , region] = topicArn.split(':');
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return protocol === 'https:' && host === `sns.${region}.${domain}` && username === '' && password === '';
}

const MAX_CERTIFICATES = 8;

/** Judges signatures of both versions. Certificates are fetched once; that they come from SNS is what TLS says. */
export function createSnsJudge(http: HttpClient, timeoutMs: number) {
  const certificates = new Map<string, X509Certificate>();

  async function fetchCertificate(url: string): Promise<X509Certificate | null> {
    const kept = certificates.get(url);
    if (kept) return kept;
    const outcome = await http.send({ method: 'GET', url, timeoutMs });
    if (outcome.kind !== 'answer' || outcome.status !== 200) return null;
    const certificate = readCertificate(outcome.body);
    if (certificate === null) return null;
    if (certificates.size >= MAX_CERTIFICATES) certificates.clear();
    certificates.set(url, certificate);
    return certificate;
  }

  /** Why it is not authentic; null when it is. */
  return async (message: SnsMessage, now: number): Promise<string | null> => {
    const { signingCertUrl, topicArn, signatureVersion, signed, signature } = message;
    const isCertificate = isSnsUrl(signingCertUrl, topicArn) && /\.pem$/.test(new URL(signingCertUrl).pathname);
    if (!isCertificate) return 'the certificate is not one of SNS in the region of the topic';
    const certificate = await fetchCertificate(signingCertUrl);
    if (certificate === null) return 'the certificate of SNS could not be fetched';
    const valid = now >= Date.parse(certificate.validFrom) && now <= Date.parse(certificate.validTo);
    if (!valid || certificate.publicKey.asymmetricKeyType !== 'rsa') return 'the certificate of SNS is not valid now';
    const algorithm = signatureVersion === '2' ? 'sha256' : 'sha1';
    return verify(algorithm, Buffer.from(signed), certificate.publicKey, signature)
      ? null
      : 'the signature does not fit';
  };
}

function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
