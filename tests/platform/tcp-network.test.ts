import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { streamNetworkContract } from '../contracts/stream-network.contract.ts';
import { waitUntil } from './real-rig.ts';

streamNetworkContract('TCP on 127.0.0.1', () => ({
  near: openTcpNetwork(),
  far: openTcpNetwork(),
  farHost: '127.0.0.1',
  until: waitUntil,
  finish: async (promise) => promise,
}));
