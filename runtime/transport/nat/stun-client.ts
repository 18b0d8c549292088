/**
 * Asks STUN servers from one socket where they see it come from (RFC 8489 section 6.2.1).
 *
 * Takes  servers by numeric address.
 * Gives  the mapped address that each told, or undefined for those that don't answer within GIVE_UP.
 * Keeps  one question per server, asked anew after 0.5 and 1.5 seconds.
 */
import { after, fromSeconds, type Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatagramSocket, NetAddress } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { decodeBindingAnswer, encodeBindingRequest, TRANSACTION_OCTETS } from './stun-message.ts';

const RETRANSMISSIONS: readonly Micros[] = [fromSeconds(0.5), fromSeconds(1)];
const GIVE_UP = fromSeconds(1.5);

interface StunDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly socket: DatagramSocket;
}

export function askStunServers(
  deps: StunDeps,
  servers: readonly NetAddress[],
  signal: AbortSignal,
): Promise<readonly (NetAddress | undefined)[]> {
  return Promise.all(servers.map((server) => ask(deps, server, signal)));
}

function ask(
  { clock, randomness, socket }: StunDeps,
  server: NetAddress,
  signal: AbortSignal,
): Promise<NetAddress | undefined> {
  const transaction = randomness.bytes(TRANSACTION_OCTETS);
  const request = encodeBindingRequest(transaction);
  return new Promise((resolve, reject) => {
    let sent = 0;
    const finish = (): void => {
      listening[Symbol.dispose]();
      alarm[Symbol.dispose]();
      signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      finish();
      reject(signal.reason);
    };
    const send = (): void => {
      if (sent > RETRANSMISSIONS.length) {
        finish();
        resolve(undefined);
        return;
      }
      socket.send(request, server);
      alarm.set(after(clock.now(), RETRANSMISSIONS[sent] ?? GIVE_UP));
      sent++;
    };
    const listening = socket.onDatagram((bytes) => {
      // Whoever knows the transaction was asked; the address it answers from may be another one of the same server.
      const answer = decodeBindingAnswer(bytes, transaction);
      if (!answer.ok) return;
      finish();
      resolve(answer.value);
    });
    const alarm = clock.alarm(send);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    send();
  });
}
