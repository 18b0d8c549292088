/**
 * `togthr peers`: the RTP-MIDI peers that this box invites again after a restart; shows them, and forgets them.
 */
import type { Command } from 'commander';
import {
  isAt,
  readKnownPeers,
  withoutPeer,
  writeKnownPeers,
} from '../../runtime/box/known-peers.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { openFileStorage } from '../../runtime/platform/file-storage.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import { CommandError } from '../failure.ts';
import { parseHost, writeAddress } from '../rtp-peer.ts';
import { addSettingsOptions, dataFolder, loadSettings } from '../settings-options.ts';
import { formatTable, print, printJson } from '../terminal.ts';

interface Typed {
  readonly forget?: readonly NetAddress[];
  readonly forgetAll?: true;
  readonly json?: true;
}

export function registerPeers(program: Command): void {
  const command = program
    .command('peers')
    .description('show, or forget, the RTP-MIDI peers that are invited again after a restart')
    .option(
      '--forget <host:port>',
      'forget this one; may be repeated',
      (text: string, before: readonly NetAddress[] = []) => [
        ...before,
        parseHost('--forget', text),
      ],
    )
    .option('--forget-all', 'forget all of them')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP);
  addSettingsOptions(command, ['dataDir']).action(async (typed: Typed) => {
    const { settings } = await loadSettings(command);
    await peers(dataFolder(settings), typed);
  });
}

const WHY = {
  dialled: 'this box invites it',
  named: 'this box invites it, wherever it is announced',
  met: 'it invited this box',
} as const;

const HELP: string = `
A box that is running has its own list in memory, and writes it when a peer comes or goes: stop it before forgetting.
togthr run --no-remember invites nobody from memory and remembers nobody.`;

async function peers(directory: string, { forget = [], forgetAll, json }: Typed): Promise<void> {
  const storage = await openFileStorage({ log: silentLog }, { directory });
  let known = await readKnownPeers(storage);
  const strange = forget.find((address) => !known.some((peer) => isAt(peer, address)));
  if (strange) {
    throw new CommandError(
      `${writeAddress(strange)} is not remembered; togthr peers shows those that are`,
    );
  }
  if (forgetAll || forget.length > 0) {
    known = forgetAll ? [] : forget.reduce(withoutPeer, known);
    await writeKnownPeers(storage, known);
  }
  if (json) {
    printJson({ peers: known });
    return;
  }
  if (known.length === 0) {
    print('No RTP-MIDI peers are remembered.');
    return;
  }
  const columns = [{ title: 'peer' }, { title: 'address' }, { title: 'why' }];
  const rows = known.map((peer) => [
    peer.name === '' ? '(not reached yet)' : peer.name,
    writeAddress(peer),
    WHY[peer.how],
  ]);
  print(formatTable(columns, rows));
}
