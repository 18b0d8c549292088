/** As much of a TURN client (RFC 5766, RFC 5389) as it takes to get a relayed address, and to send from it. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';

const MAGIC = 0x2112_a442;
const ALLOCATE = 0x0003;
const ALLOCATED = 0x0103;
const CREATE_PERMISSION = 0x0008;
const SEND_INDICATION = 0x0016;
const XOR_PEER_ADDRESS = 0x0012;
const DATA = 0x0013;
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

/** An allocation that is held, until it is disposed. */
export interface HeldAllocation extends Disposable {
  /** 0: it may be sent to; else the error code of the refusal. */
  permit(host: string): Promise<number>;
  send(host: string, port: number, data: string): void;
}

interface Credentials {
  readonly username: string;
  readonly credential: string;
}

/** Rejects when nobody answers. */
export async function allocate(port: number, credentials: Credentials): Promise<Allocation> {
  const asked = await ask(port, credentials);
  asked.socket.close();
  return asked.allocation;
}

/** Rejects when nobody answers, or it is refused. */
export async function holdAllocation(
  port: number,
  credentials: Credentials,
): Promise<HeldAllocation> {
  const { socket, allocation, proof, key } = await ask(port, credentials);
  if ('error' in allocation) throw new Error(`refused with ${allocation.error}`);
  return {
    async permit(host) {
      const peer: Attribute = [XOR_PEER_ADDRESS, peerAddress(host, 9)];
      const answer = await exchange(
        socket,
        port,
        request([peer, ...proof], key, CREATE_PERMISSION),
      );
      return answer.type === (CREATE_PERMISSION | 0x100) ? 0 : errorOf(answer.attributes);
    },
    send(host, peerPort, data) {
      const peer: Attribute = [XOR_PEER_ADDRESS, peerAddress(host, peerPort)];
      const indication = request([peer, [DATA, Buffer.from(data)]], undefined, SEND_INDICATION);
      socket.send(indication, port, '127.0.0.1');
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

interface Asked {
  /** One for all: a nonce is good for the address that it was given to. */
  readonly socket: Socket;
  readonly allocation: Allocation;
  readonly proof: readonly Attribute[];
  readonly key: Buffer;
}

async function ask(port: number, { username, credential }: Credentials): Promise<Asked> {
  const socket = createSocket('udp4');
  try {
    const transport: Attribute = [REQUESTED_TRANSPORT, UDP];
    const first = await exchange(socket, port, request([transport]));
    const realm = first.attributes.get(REALM) ?? Buffer.alloc(0);
    const nonce = first.attributes.get(NONCE) ?? Buffer.alloc(0);
    const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
    const proof: readonly Attribute[] = [
      [USERNAME, Buffer.from(username)],
      [REALM, realm],
      [NONCE, nonce],
    ];
    const { type, attributes } = await exchange(socket, port, request([transport, ...proof], key));
    const relayed = attributes.get(XOR_RELAYED_ADDRESS);
    const allocation: Allocation =
      type === ALLOCATED && relayed
        ? { relayed: addressFrom(relayed) }
        : { error: errorOf(attributes) };
    return { socket, allocation, proof, key };
  } catch (failure) {
    socket.close();
    throw failure;
  }
}

/** RFC 5389 section 15.2. */
function addressFrom(value: Buffer): { readonly host: string; readonly port: number } {
  const host = [4, 5, 6, 7].map((at) => (value[at] ?? 0) ^ ((MAGIC >>> (8 * (7 - at))) & 0xff));
  return { host: host.join('.'), port: value.readUInt16BE(2) ^ (MAGIC >>> 16) };
}

function peerAddress(host: string, port: number): Buffer {
  const value = Buffer.from([0, 1, 0, 0, ...host.split('.').map(Number)]);
  value.writeUInt16BE(port ^ (MAGIC >>> 16), 2);
  value.writeUInt32BE((value.readUInt32BE(4) ^ MAGIC) >>> 0, 4);
  return value;
}

type Attribute = readonly [type: number, value: Buffer];

function request(
  attributes: readonly Attribute[],
  key?: Buffer,
  method: number = ALLOCATE,
): Buffer {
  const body = Buffer.concat(attributes.map(encodeAttribute));
  const header = Buffer.alloc(20);
  header.writeUInt16BE(method, 0);
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

function exchange(
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
