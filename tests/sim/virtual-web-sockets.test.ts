import { fromMillis } from '../../runtime/core/time.ts';
import type { WebSocketConnection } from '../../runtime/ports/web-sockets.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { openVirtualWebSockets } from '../../sim/virtual-web-sockets.ts';
import { webSocketsContract } from '../contracts/web-sockets.contract.ts';
import { virtualTime } from './virtual-time.ts';

webSocketsContract('WebSockets in memory', async () => {
  const clock = new VirtualClock();
  const network = openVirtualWebSockets({
    clock,
    randomness: seededRandomness(3),
    delay: [fromMillis(1), fromMillis(4)],
  });
  const accepted: WebSocketConnection[] = [];
  network.serve((socket) => accepted.push(socket));
  const time = virtualTime(clock);
  return {
    webSockets: network.from('198.51.100.1'),
    url: 'wss://jam.example.org/v1/box',
    accepted,
    async stopServing() {
      network.serve(undefined);
    },
    until: (reached) => time.until(reached),
    finish: (promise) => time.settle(promise),
    async [Symbol.asyncDispose]() {},
  };
});
