import { VirtualClock } from '../../sim/virtual-clock.ts';
import { clockContract } from '../contracts/clock.contract.ts';

clockContract('VirtualClock', () => {
  const clock = new VirtualClock();
  return { clock, pass: async (by) => clock.advance(by) };
});
