/**
 * `togthr run`: opens the real ports, composes the box, plugs in the MIDI devices, and shuts down in order.
 *
 * Takes  settings, what was asked for beside them, and a signal to end.
 * Gives  a running box with its status page; lines for people on stdout about what is there and what is missing.
 */
import { openMidiDevices } from '../hw/midi-devices.ts';
import type { WishEnd } from '../runtime/box/joining.ts';
import { type Box, openBox } from '../runtime/compose.ts';
import { PortError } from '../runtime/core/errors.ts';
import { Teardown } from '../runtime/core/lifecycle.ts';
import { isLocalSubnet } from '../runtime/platform/local-subnet.ts';
import { openOutputScheduler } from '../runtime/platform/output-scheduler.ts';
import { openPinoLog, type PinoLog } from '../runtime/platform/pino-log.ts';
import { openProgramModels } from '../runtime/platform/program-models.ts';
import { openStatusServer } from '../runtime/platform/status-server.ts';
import type { FoundSession } from '../runtime/session/session.ts';
import type { Settings } from '../runtime/settings/settings.ts';
import { openBoxPorts } from './box-ports.ts';
import { answerCodes, openLineReader, showCodes } from './code-terminal.ts';
import { untilInterrupted } from './interrupt.ts';
import { writeAddress } from './rtp-peer.ts';
import type { RunOptions, RunStart } from './run-options.ts';
import { print } from './terminal.ts';

export async function runBox(
  settings: Settings,
  options: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  await using held = new Teardown();
  const log = held.hold(openPinoLog({ level: settings.log.level }));
  for (const warning of options.warnings) log.warn(warning);
  const scheduler = held.hold(await openOutputScheduler());
  const ports = held.hold(await openBoxPorts({ log }, settings, options));
  const { clock } = ports.deps;
  const invites = invitationRule(settings.rtp.accept);
  const models = held.hold(await openProgramModels({ log }));
  for (const model of [models.drums, models.pitched]) {
    if (model.kind === 'fault') print(`Prediction: ${model.fault}.`);
  }
  const box = held.hold(
    await openOrExplain(
      { ...ports.deps, models },
      {
        settings,
        version: options.version,
        outputPriority: scheduler.priority,
        accept: (_name, from) => invites(from.host),
        near: isLocalSubnet,
        onSetting: (key, value) => {
          options.settingsFile.change(key, value).catch((failure: unknown) => {
            log.error('a setting was not stored', { key, failure: String(failure) });
          });
        },
      },
    ),
  );
  print(
    `${settings.box.name} is running: RTP-MIDI on UDP ${box.rtp.controlPort} and ${box.rtp.controlPort + 1}.`,
  );
  if (scheduler.priority === 'normal') {
    print('MIDI out runs without real-time priority; togthr doctor says how to grant it.');
  }
  held.hold(
    await openMidiDevices(
      { clock, scheduler, log },
      settings.midi,
      { input: (input) => box.addInput(input), output: (output) => box.addOutput(output) },
      print,
    ),
  );
  if (settings.status.enabled) await serveStatus(box, settings, log, held);
  reportSession(box, held);
  reportPeers(box, held);
  held.hold(showCodes({ clock, session: box.session }, print));
  const reader = held.hold(openLineReader(process.stdin, process.stdout));
  held.hold(answerCodes({ clock, flow: box.flow, reader }, print));
  for (const peer of options.connect) {
    if (peer.kind === 'name') box.peerMemory.connectNamed(peer.name);
    else box.peerMemory.connect({ host: peer.host, port: peer.port });
  }
  await start(box, options.start, settings, signal);
  await untilInterrupted(signal);
}

/** Whose RTP-MIDI invitations are let in, besides those of players in the session. */
function invitationRule(accept: Settings['rtp']['accept']): (address: string) => boolean {
  switch (accept) {
    case 'anyone':
      return () => true;
    case 'subnet':
      return isLocalSubnet;
    case 'nobody':
      return () => false;
  }
}

/** Says which flag chooses another port. */
async function openOrExplain(...given: Parameters<typeof openBox>): Promise<Box> {
  try {
    return await openBox(...given);
  } catch (failure) {
    if (!(failure instanceof PortError) || failure.code !== 'busy') throw failure;
    const { rtp, link } = given[1].settings;
    throw new PortError(
      'busy',
      `a port of the box is in use (UDP ${rtp.port} and ${rtp.port + 1}, or TCP ${link.port}): another box may be running; choose others with --rtp-port and --link-port, 0 for any`,
      { cause: failure },
    );
  }
}

async function serveStatus(
  box: Box,
  settings: Settings,
  log: PinoLog,
  held: Teardown,
): Promise<void> {
  try {
    const server = held.hold(
      await openStatusServer(
        { source: box.status, log, recent: () => log.recent() },
        { port: settings.status.port, address: settings.status.address },
      ),
    );
    print(`Status page: ${server.url}`);
  } catch (failure) {
    if (!(failure instanceof PortError)) throw failure;
    print(`${failure.message}. The box runs on without it.`); // music does not need it
  }
}

function reportSession(box: Box, held: Teardown): void {
  let shown = '';
  held.hold(
    box.session.onContext((context) => {
      const line = context
        ? `In session ${context.name}: ${context.participants.map(({ name }) => name).join(', ')}`
        : 'In no session';
      if (line !== shown) print(line);
      shown = line;
    }),
  );
}

/** Those that are no boxes: who is in the session is said there. */
function reportPeers({ rtp, peers }: Box, held: Teardown): void {
  held.hold(
    rtp.onPeer(({ name, ssrc, address }, state, reason) => {
      if (peers.isBox(ssrc)) return;
      const why = reason === undefined ? '' : ` (${reason})`;
      print(`RTP-MIDI peer ${name} at ${writeAddress(address)} ${state}${why}`);
    }),
  );
}

/** By way of the flow, so that the panel shows what is waited for and why it came to nothing. */
async function start(
  { session, flow }: Box,
  how: RunStart,
  settings: Settings,
  signal: AbortSignal,
): Promise<void> {
  const giveUp = (): void => flow.cancel();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const end = await begin();
    if (end?.kind !== 'failed') return;
    if (!(end.failure instanceof PortError)) throw end.failure;
    print(`${end.failure.message}. The box runs on in no session.`);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }

  async function begin(): Promise<WishEnd | undefined> {
    switch (how.kind) {
      case 'alone':
        return undefined;
      case 'create':
        return flow.create(settings.session.name);
      case 'rejoin':
        return settings.session.autoRejoin && session.last ? flow.rejoin() : undefined;
      case 'invited':
        return flow.openInvitation(how.link);
      case 'join': {
        const target = await untilFound(session, how.name, signal);
        return target && flow.join(target);
      }
    }
  }
}

async function untilFound(
  session: Box['session'],
  name: string | undefined,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  print(`Looking for ${name === undefined ? 'a session' : `the session ${name}`} ...`);
  return new Promise((resolve) => {
    const look = (): void => {
      const found = session.found.find((one) => name === undefined || one.name === name);
      if (!found) return;
      listening[Symbol.dispose]();
      resolve(found);
    };
    const listening = session.onFound(look);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    look();
  });
}
