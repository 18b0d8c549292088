/** As much of a TURN client (RFC 5766, RFC 5389) as it takes to ask for a relayed address. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';

const MAGIC = 0x2112_a442;
const ALLOCATE = 0x0003;
const ALLOCATED = 0x0103;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const REALM = 0x0014;
const NONCE = 0x0015;
const XOR_RELAYED_ADDRESS = 0x0016;
const REQUESTED_TRANSPORT = 0x0019;
const UDP = Buffer.from([17, 0, 0, 0]);
const PATIENCE_MS = 3_000;

export type Allocation =
  | { readonly relayed: { readonly host: string; readonly port: number } }
  | { readonly error: number };

interface Credentials {
  readonly username: string;
  readonly credential: string;
}

/** Rejects when nobody answers. */
export async function allocate(port: number, credentials: Credentials): Promise<Allocation> {
  // One socket: a nonce is good for the address that it was given to.
  const socket = createSocket('udp4');
  try {
    return await allocateOver(socket, port, credentials);
  } finally {
    socket.close();
  }
}

async function allocateOver(
  socket: Socket,
  port: number,
  { username, credential }: Credentials,
): Promise<Allocation> {
  const first = await ask(socket, port, request([[REQUESTED_TRANSPORT, UDP]]));
  const realm = first.attributes.get(REALM);
  const nonce = first.attributes.get(NONCE);
  if (!realm || !nonce) return { error: errorOf(first.attributes) };
  const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
  const second = await ask(
    socket,
    port,
    request(
      [
        [REQUESTED_TRANSPORT, UDP],
        [USERNAME, Buffer.from(username)],
        [REALM, realm],
        [NONCE, nonce],
      ],
      key,
    ),
  );
  const relayed = second.attributes.get(XOR_RELAYED_ADDRESS);
  if (second.type !== ALLOCATED || !relayed) return { error: errorOf(second.attributes) };
  const host = [4, 5, 6, 7].map((at) => (relayed[at] ?? 0) ^ ((MAGIC >>> (8 * (7 - at))) & 0xff));
  return {
    relayed: { host: host.join('.'), port: relayed.readUInt16BE(2) ^ (MAGIC >>> 16) },
  };
}

type Attribute = readonly [type: number, value: Buffer];

function request(attributes: readonly Attribute[], key?: Buffer): Buffer {
  const body = Buffer.concat(attributes.map(encodeAttribute));
  const header = Buffer.alloc(20);
  header.writeUInt16BE(ALLOCATE, 0);
  header.writeUInt16BE(body.length + (key ? 24 : 0), 2);
  header.writeUInt32BE(MAGIC, 4);
  randomBytes(12).copy(header, 8);
  const message = Buffer.concat([header, body]);
  if (!key) return message;
  const digest = createHmac('sha1', key).update(message).digest();
  return Buffer.concat([message, encodeAttribute([MESSAGE_INTEGRITY, digest])]);
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const encoded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  encoded.writeUInt16BE(type, 0);
  encoded.writeUInt16BE(value.length, 2);
  value.copy(encoded, 4);
  return encoded;
}

function ask(
  socket: Socket,
  port: number,
  message: Buffer,
): Promise<{ readonly type: number; readonly attributes: ReadonlyMap<number, Buffer> }> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void): void => {
      clearTimeout(late);
      clearInterval(again);
      socket.removeAllListeners('message');
      finish();
    };
    const late = setTimeout(() => end(() => reject(new Error('no answer'))), PATIENCE_MS);
    const send = (): void => socket.send(message, port, '127.0.0.1');
    const again = setInterval(send, 300);
    socket.on('message', (answer) => {
      const attributes = new Map<number, Buffer>();
      for (let at = 20; at + 4 <= answer.length; ) {
        const length = answer.readUInt16BE(at + 2);
        attributes.set(answer.readUInt16BE(at), answer.subarray(at + 4, at + 4 + length));
        at += 4 + Math.ceil(length / 4) * 4;
      }
      end(() => resolve({ type: answer.readUInt16BE(0), attributes }));
    });
    send();
  });
}

const errorOf = (attributes: ReadonlyMap<number, Buffer>): number => {
  const value = attributes.get(ERROR_CODE);
  return value ? (value[2] ?? 0) * 100 + (value[3] ?? 0) : 0;
};
