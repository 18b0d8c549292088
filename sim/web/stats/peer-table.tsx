/** The figures of now: each peer of the box that is listened to, in numbers. */
import type { SimPeerStats } from '../../app/protocol.ts';
import { useJam } from '../jam.ts';
import { lookOf } from '../players-colour.ts';

const COLUMNS: readonly {
  readonly name: string;
  readonly about: string;
  readonly value: (peer: SimPeerStats, route: string | null | undefined) => string;
}[] = [
  {
    name: 'Route',
    about: 'How its notes get here: straight, over a relay, by way of another player',
    value: (_peer, route) => route ?? '–',
  },
  { name: 'RTT', about: 'Round trip', value: (peer) => millis(peer.rtt) },
  { name: 'Delay', about: 'Performance to sound, median', value: (peer) => millis(peer.delayP50) },
  {
    name: '95 %',
    about: 'Performance to sound, 95th percentile',
    value: (peer) => millis(peer.delayP95),
  },
  {
    name: 'Jitter',
    about: 'What is left of it in the sound',
    value: (peer) => millis(peer.jitter),
  },
  { name: 'Buffer', about: 'Held back to be even', value: (peer) => millis(peer.buffer) },
  { name: 'Loss', about: 'Packets lost', value: (peer) => `${(peer.loss * 100).toFixed(1)} %` },
  {
    name: 'Repaired',
    about: 'Commands that the journal brought back',
    value: (peer) => String(peer.recovered),
  },
  { name: 'Late', about: 'Played later than planned', value: (peer) => String(peer.late) },
];

export function PeerTable() {
  const jam = useJam();
  const box = jam.listened.value;
  const stats = box?.stats.value;
  const players = box?.session.value?.participants ?? [];
  if (!box || !stats || stats.peers.length === 0) {
    return (
      <p class="alone">
        {box?.info.name ?? 'The box'} plays alone. Turn its knob to a session and press, and figures
        of the others appear here.
      </p>
    );
  }
  return (
    <div class="table-place">
      <table data-testid="peers">
        <caption class="hidden">Peers of {box.info.name}</caption>
        <thead>
          <tr>
            <th scope="col">Peer</th>
            {COLUMNS.map((column) => (
              <th scope="col" key={column.name} title={column.about}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {stats.peers.map((peer) => {
            const index = jam.boxOf(peer.participant)?.info.index ?? 0;
            const route = players.find(({ id }) => id === peer.participant)?.route;
            return (
              <tr key={peer.participant} data-testid={`peer-${index}`}>
                <th scope="row">
                  <i class="dot" style={{ background: lookOf(index).colour }}>
                    {index || ''}
                  </i>
                  {peer.name}
                </th>
                {COLUMNS.map((column) => (
                  <td key={column.name}>{column.value(peer, route)}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function millis(value: number | null): string {
  if (value === null) return '–';
  return value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`;
}
