/**
 * Ports in, a running box out: the one file that knows every room and introduces them.
 *
 * Takes  ports of the outside (real or simulated) and the settings.
 * Gives  a Box. MIDI inputs and outputs are plugged in and out while it runs.
 * Keeps  the wiring of DESIGN section 3. What flows is decided here; how, in the rooms.
 */
import { filtersFrom } from './box/filters.ts';
import { networkFacts } from './box/network-facts.ts';
import { wirePanel } from './box/panel-wiring.ts';
import { openPeerMemory, type PeerMemory } from './box/peer-memory.ts';
import { openPeerWiring, type PeerWiring } from './box/peer-wiring.ts';
import { openSessionFlow, type SessionFlow } from './box/session-flow.ts';
import { openStatusSource } from './box/status.ts';
import { openTimeWiring } from './box/time-wiring.ts';
import type { ControlPlane } from './control/control-plane.ts';
import type { StatusSource } from './core/box-status.ts';
import type { BoxId } from './core/ensemble.ts';
import { Teardown } from './core/lifecycle.ts';
import type { Log } from './core/log.ts';
import { type EnsembleTime, fromMillis, type Instant, type Micros } from './core/time.ts';
import { type MidiManager, openMidiManager } from './midi-manager/midi-manager.ts';
import { type MidiSync, openMidiSync } from './midi-sync/midi-sync.ts';
import { type OutputManager, openOutputManager } from './output/output-manager.ts';
import type { Panel } from './panel/panel.ts';
import type { SettingValue } from './panel/panel-model.ts';
import type { Clock, WallClock } from './ports/clock.ts';
import type { DatagramNetwork, NetAddress } from './ports/datagram-network.ts';
import type { Discovery } from './ports/discovery.ts';
import type { Display } from './ports/display.ts';
import type { Encoder } from './ports/encoder.ts';
import type { Leds } from './ports/leds.ts';
import type { MidiInput } from './ports/midi-input.ts';
import type { MidiOutput } from './ports/midi-output.ts';
import type { NetworkWatch } from './ports/network-watch.ts';
import type { Randomness } from './ports/randomness.ts';
import type { Signatures } from './ports/signatures.ts';
import type { Storage } from './ports/storage.ts';
import { openPredictionEngine, type PredictionEngine } from './prediction/engine.ts';
import { ClickGrid } from './prediction/grid/click-grid.ts';
import { openInferenceLane } from './prediction/predictor/inference-lane.ts';
import type { Models } from './prediction/predictor/models.ts';
import { openPartPredictors } from './prediction/predictor/models-part-predictors.ts';
import { openStatisticalPredictors } from './prediction/predictor/statistical-predictors.ts';
import type { LinkSecurity } from './privacy/credentials.ts';
import { loadIdentity } from './privacy/identity.ts';
import { openSessionManager, type SessionManager } from './session/session-manager.ts';
import type { Settings } from './settings/settings.ts';
import type { Metronome } from './timeline/metronome.ts';
import { type EnsembleClock, openEnsembleClock } from './transport/clock-sync/ensemble-clock.ts';
import { type LinkLanes, openLinkLanes } from './transport/link/link-lanes.ts';
import type { PeerNetwork } from './transport/link/peer-network.ts';
import { isPlace } from './transport/link/place.ts';
import { openNatWatch } from './transport/nat/nat-watch.ts';
import { openRtpMidiEndpoint, type RtpMidiEndpoint } from './transport/rtp-midi/endpoint.ts';
import type { Redundancy } from './transport/rtp-midi/packet-copies.ts';

export interface BoxDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly datagrams: DatagramNetwork;
  /** What links are made of: encrypted connections, or plain streams where the settings say so. */
  readonly peers: PeerNetwork;
  /** Undefined: nothing but the local network. */
  readonly controlPlane?: ControlPlane | undefined;
  /** What predicts players; undefined: statistics. Their owner disposes of them. */
  readonly models?: Models | undefined;
  /** Undefined: the network never changes. */
  readonly watch?: NetworkWatch | undefined;
  readonly discovery: Discovery;
  readonly storage: Storage;
  readonly randomness: Randomness;
  readonly signatures: Signatures;
  readonly log: Log;
  /** The addresses of this machine but loopback, as they are just now; without it, nobody looks. */
  readonly addresses?: () => readonly string[];
  /** The numeric address behind a host's name; without it, hosts are given by address. */
  readonly lookUp?: (host: string) => Promise<string>;
  /** Without it the box runs headless. */
  readonly frontPanel?: {
    readonly display: Display;
    readonly encoder: Encoder;
    readonly leds: Leds;
  };
}

export interface BoxInit {
  readonly settings: Settings;
  readonly version: string;
  /** Whether `peers` gives encrypted links or open ones; default: as the settings say. */
  readonly security?: LinkSecurity;
  /** Address to bind; undefined: all interfaces. */
  readonly host?: string;
  /** Whether an AppleMIDI invitation from outside the session is let in; default: everyone. */
  readonly accept?: (name: string, from: NetAddress) => boolean;
  /** Whether a host is where nobody speaks in another's name; default: they all are. */
  readonly near?: (host: string) => boolean;
  /** Told when the player changed a setting on the panel, once it is settled: to be stored. */
  readonly onSetting?: (key: string, value: SettingValue) => void;
  /** What the panel's about screen adds to version and name: label and value. */
  readonly about?: () => readonly { readonly label: string; readonly value: string }[];
  /** What this machine can do from the power menu; nothing by default. */
  readonly power?: Readonly<Partial<Record<'restart' | 'shutdown', () => void>>>;
  /** Whether the MIDI output thread has real-time priority: for the status page. */
  readonly outputPriority?: 'realtime' | 'normal';
  /** Boxes that are linked each with each; beyond it, two pass packets on. Default: as was measured. */
  readonly meshLimit?: number;
  /** Boxes that a session takes, as this one sees it. Default: as was measured. */
  readonly sizeLimit?: number;
}

export interface Box extends AsyncDisposable {
  readonly id: BoxId;
  readonly session: SessionManager;
  /** The way into a session and out of it, for whoever asks. */
  readonly flow: SessionFlow;
  readonly rtp: RtpMidiEndpoint;
  readonly lanes: LinkLanes;
  readonly midi: MidiManager;
  readonly output: OutputManager;
  readonly engine: PredictionEngine;
  readonly ensembleClock: EnsembleClock;
  readonly peers: PeerWiring;
  readonly peerMemory: PeerMemory;
  readonly sync: MidiSync;
  readonly metronome: Metronome;
  /** Undefined when there is no front panel. */
  readonly panel: Panel | undefined;
  readonly status: StatusSource;
  /** Plugs a device in. It is unplugged, and its notes ended, with the returned handle. */
  addInput(input: MidiInput): AsyncDisposable;
  addOutput(output: MidiOutput): AsyncDisposable;
  /** All notes off, everywhere, now. */
  panic(): void;
}

/**
 * Rejects with PortError when a port of the network is taken; what was opened is released.
 * Disposing ends every note, says goodbye to the peers and releases the network; the ports' owner closes the ports.
 */
export async function openBox(deps: BoxDeps, init: BoxInit): Promise<Box> {
  const held = new Teardown();
  try {
    return await assemble(deps, init, held);
  } catch (failure) {
    await held[Symbol.asyncDispose]();
    throw failure;
  }
}

async function assemble(deps: BoxDeps, init: BoxInit, held: Teardown): Promise<Box> {
  const { clock, randomness, log } = deps;
  const { settings } = init;
  const security = init.security ?? settings.link.security;
  const at = init.host === undefined ? {} : { host: init.host };
  const identity = await loadIdentity(deps);
  const { box: id } = identity;

  const output = held.hold(
    openOutputManager({ clock }, { lateLimit: fromMillis(settings.jam.lateLimitMs) }),
  );
  const midi = held.hold(openMidiManager({ clock }, { filters: filtersFrom(settings.midi) }));
  const ensembleClock = openEnsembleClock({ clock });
  const lane = openInferenceLane({ clock });
  const { models } = deps;
  const engine = held.hold(
    openPredictionEngine(
      {
        clock,
        click: new ClickGrid({
          toLocal: (time) => ensembleClock.toLocal(time as EnsembleTime),
          fromLocal: (local) => ensembleClock.toEnsemble(local as Instant),
        }),
        predictors: models ? openPartPredictors({ lane, models }) : openStatisticalPredictors(),
        play: (message, due, source, cause) => output.schedule(message, due, source, cause),
        release: (source) => output.release(source),
      },
      {
        lateLimit: fromMillis(settings.jam.lateLimitMs),
        grooveBars: settings.jam.grooveBars,
        quantization: settings.jam.quantizePercent / 100,
        carryOnBars: settings.jam.carryOnBars,
        balance: settings.jam.balance,
        ...noteDelay(settings),
      },
    ),
  );
  engine.setMode(settings.jam.mode);
  engine.setWet(settings.jam.predictionPercent / 100);

  const { clockOut, timeCodeOut, clockDelayMs } = settings.midi;
  const sync = held.hold(
    openMidiSync(
      {
        clock,
        ensembleClock,
        play: (message, due) => output.schedule(message, due, 'clock', 'received'),
        delayOf: (source) => engine.streamStats(source)?.buffer,
      },
      {
        clockOut,
        timeCodeOut,
        ...(clockDelayMs > 0 ? { delay: fromMillis(clockDelayMs) } : {}),
      },
    ),
  );

  // Participants with an encrypted link are reached over it; everybody else over the network.
  const lanes = held.hold(
    openLinkLanes({ clock, randomness, network: deps.datagrams }, { self: id }),
  );
  const { near } = init;
  // The session is asked first whom to let in: participants always are.
  let participants: PeerWiring | undefined;
  const rtp = held.hold(
    await openRtpMidiEndpoint(
      { clock, network: lanes.network, randomness, log: log.child({ room: 'rtp-midi' }) },
      {
        name: settings.box.name,
        port: settings.rtp.port,
        ...at,
        reorderHold: fromMillis(settings.jam.reorderHoldMs),
        redundancy: settings.rtp.redundancy as Redundancy,
        eager: isPlace,
        group: lanes.group,
        sharedClock: ensembleClock,
        dropsDuplicates: (ssrc) => participants?.takesCopies(ssrc) === true,
        ...(near ? { near: (host: string) => isPlace(host) || near(host) } : {}),
        accept: (name, from) =>
          participants?.knows(from) === true ||
          (!isPlace(from.host) && init.accept?.(name, from) !== false),
      },
    ),
  );
  const session = held.hold(
    await openSessionManager(
      {
        clock,
        wallClock: deps.wallClock,
        peers: deps.peers,
        discovery: deps.discovery,
        storage: deps.storage,
        randomness,
        log: log.child({ room: 'session' }),
        ensembleClock,
        identity,
        signatures: deps.signatures,
        controlPlane: deps.controlPlane,
        watch: deps.watch,
      },
      {
        name: settings.box.name,
        instrument: settings.box.instrument,
        carryOn: settings.jam.carryOn,
        rtp: { port: rtp.controlPort, ssrc: rtp.ssrc, clockOffset: rtp.clockOffset },
        linkPort: settings.link.port,
        security,
        meshLimit: init.meshLimit,
        sizeLimit: init.sizeLimit,
        ...at,
      },
    ),
  );
  const flow = held.hold(
    openSessionFlow({ clock, session, isOnline: () => deps.addresses?.().length !== 0 }),
  );
  const peers = held.hold(
    openPeerWiring({ clock, rtp, session, engine, ensembleClock, lanes }, { self: id }),
  );
  participants = peers;
  const peerMemory = held.hold(
    await openPeerMemory(
      {
        clock,
        storage: deps.storage,
        log: log.child({ room: 'peer-memory' }),
        rtp,
        isBox: (ssrc) => peers.isBox(ssrc),
        onBoxes: (listener) => peers.onChange(listener),
        lookUp: deps.lookUp ?? (async (host) => host),
        discovery: deps.discovery,
      },
      { remember: settings.rtp.remember },
    ),
  );

  const { controlPlane, watch, lookUp } = deps;
  const nat =
    controlPlane && watch && lookUp
      ? held.hold(
          openNatWatch({
            clock,
            randomness,
            datagrams: deps.datagrams,
            lookUp,
            log: log.child({ room: 'nat' }),
            controlPlane,
            watch,
          }),
        )
      : undefined;

  const { metronome } = held.hold(
    openTimeWiring({ clock, session, midi, output, ensembleClock }, settings.midi),
  );

  const setThru = (on: boolean): void => midi.setRoutes({ session: 'all', thru: on ? 'all' : [] });
  setThru(settings.midi.thru);
  held.hold(midi.onPlayed((message, playedAt) => rtp.send(message, playedAt)));
  held.hold(midi.onPlayed((message, playedAt) => sync.play(message, playedAt)));
  held.hold(midi.onPlayed((message, playedAt) => engine.hearSelf(message, playedAt)));
  held.hold(
    peers.onArrived((source, message, performedAt, _arrivedAt, recovered, packetsLost) =>
      sync.receive(source, message, performedAt, recovered, packetsLost),
    ),
  );
  held.hold(peers.onEnded((source) => sync.remove(source)));
  held.hold(session.onContext((context) => sync.setContext(context)));
  held.hold(midi.onThru((message, playedAt) => output.schedule(message, playedAt, 'self', 'thru')));
  held.hold(session.onContext((context) => engine.setContext(context)));
  held.hold(
    await deps.discovery.announce({
      name: settings.box.name,
      type: '_apple-midi._udp',
      port: rtp.controlPort,
      txt: {},
      ...(init.host === undefined ? {} : { boundTo: init.host }),
    }),
  );

  const inputs = new Set<string>();
  const outputs = new Set<string>();
  const status = openStatusSource(
    { clock, rtp, lanes, session, engine, output, midi, peers, sync, ensembleClock, metronome },
    {
      id,
      name: settings.box.name,
      version: init.version,
      inputs,
      outputs,
      priority: init.outputPriority ?? 'normal',
    },
  );
  const panic = (): void => {
    engine.panic();
    output.panic();
  };

  const panel = deps.frontPanel
    ? held.hold(
        wirePanel(
          {
            clock,
            ...deps.frontPanel,
            session,
            flow,
            engine,
            ensembleClock,
            output,
            midi,
            rtp,
            peers,
            panic,
          },
          {
            settings,
            network: () =>
              networkFacts(
                {
                  control: deps.controlPlane,
                  addresses: deps.addresses,
                  verdict: () => nat?.verdict,
                },
                { server: settings.control.server, security },
              ),
            version: init.version,
            about: init.about ?? (() => []),
            power: init.power ?? {},
            inputs,
            outputs,
            setThru,
            setClick: (mode) => metronome.setClick(mode),
            onSetting: init.onSetting ?? (() => {}),
          },
        ),
      ).panel
    : undefined;

  return {
    id,
    session,
    flow,
    rtp,
    lanes,
    midi,
    output,
    engine,
    ensembleClock,
    peers,
    peerMemory,
    sync,
    metronome,
    panel,
    status,
    addInput: (input) => named(inputs, input, midi.addInput(input)),
    addOutput: (device) => named(outputs, device, output.addOutput(device)),
    panic,
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

function noteDelay({ jam }: Settings): { readonly delay?: Micros } {
  return jam.delay === 'fixed' ? { delay: fromMillis(jam.fixedDelayMs) } : {};
}

/** Keeps the device's name among the present ones until it is lost or unplugged. */
function named(
  names: Set<string>,
  device: MidiInput | MidiOutput,
  plugged: AsyncDisposable,
): AsyncDisposable {
  names.add(device.name);
  const lost = device.onLost(() => names.delete(device.name));
  return {
    async [Symbol.asyncDispose]() {
      names.delete(device.name);
      lost[Symbol.dispose]();
      await plugged[Symbol.asyncDispose]();
    },
  };
}
