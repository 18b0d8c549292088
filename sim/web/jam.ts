/**
 * The page's one state: what the simulator said, and what the person at the page chose.
 *
 * Takes  ServerMessages. Gives signals to render from, and buses for what is too quick to render.
 * Keeps  one BoxView for each box. Everything a component needs is reached from here.
 */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ClientMessage } from '../app/client-messages.ts';
import type {
  BoxInfo,
  PieceInfo,
  PROTOCOL_VERSION,
  ProfileInfo,
  ServerMessage,
  SimNote,
  SimNotice,
} from '../app/protocol.ts';
import { type BoxView, openBoxView } from './box-view.ts';
import { type LinkState, openConnection } from './connection.ts';
import { openSynth, type Synth } from './sound/synth.ts';
import { openTimeBase, type TimeBase } from './time-base.ts';

interface ShownNotice extends SimNotice {
  readonly id: number;
}

export interface Jam {
  readonly link: Signal<LinkState>;
  readonly version: Signal<string>;
  /** The boxes know each other beforehand. */
  readonly acquainted: Signal<boolean>;
  readonly boxes: Signal<readonly BoxView[]>;
  readonly profiles: Signal<readonly ProfileInfo[]>;
  readonly profile: Signal<string>;
  readonly pieces: Signal<readonly PieceInfo[]>;
  readonly notices: Signal<readonly ShownNotice[]>;
  /** The box that computer keys play, by index. */
  readonly selected: Signal<number>;
  /** The box whose output is heard and whose view the roll and the plots show, by index. */
  readonly listening: Signal<number>;
  readonly listened: ReadonlySignal<BoxView | undefined>;
  readonly helpOpen: Signal<boolean>;
  /** On the roll colours tell what became of notes; else who plays them. */
  readonly byFate: Signal<boolean>;
  /** Counts the statistics that came, for what redraws with them. */
  readonly statTick: Signal<number>;
  readonly time: TimeBase;
  readonly synth: Synth;
  send(message: ClientMessage): void;
  boxOf(participant: string): BoxView | undefined;
  notify(notice: SimNotice): void;
  dismiss(id: number): void;
}

/** Compiles only while it is the protocol's. */
const PROTOCOL: typeof PROTOCOL_VERSION = 3;
const NOTICE_MS = 7_000;
const MAX_NOTICES = 4;
const RELOADED = 'reloaded-for-protocol';

export function openJam(url: string): Jam {
  const boxes = signal<readonly BoxView[]>([]);
  const listening = signal(1);
  const notices = signal<readonly ShownNotice[]>([]);
  const time = openTimeBase();
  const synth = openSynth({ toPage: time.toPage });
  let noticeCount = 0;

  const send = (message: ClientMessage): void => connection.send(message);
  const jam: Jam = {
    link: signal<LinkState>('connecting'),
    version: signal(''),
    acquainted: signal(true),
    boxes,
    profiles: signal([]),
    profile: signal(''),
    pieces: signal([]),
    notices,
    selected: signal(1),
    listening,
    listened: computed(() => boxes.value.find((box) => box.info.index === listening.value)),
    helpOpen: signal(false),
    byFate: signal(true),
    statTick: signal(0),
    time,
    synth,
    send,
    boxOf: (participant) => boxes.value.find((box) => box.info.id === participant),
    notify(notice) {
      const id = ++noticeCount;
      notices.value = [...notices.value.slice(1 - MAX_NOTICES), { ...notice, id }];
      setTimeout(() => jam.dismiss(id), NOTICE_MS);
    },
    dismiss(id) {
      notices.value = notices.value.filter((notice) => notice.id !== id);
    },
  };

  const silence = (box: BoxView): void => {
    box.spans.endAll(time.toSim(performance.now()));
    box.silences.emit();
    if (box.info.index === listening.value) synth.silence();
  };

  const open = (info: BoxInfo): BoxView => {
    const box = openBoxView(info, (message) => {
      if ((message[0] ?? 0) >= 0x90 && box.info.index === listening.value) {
        synth.expectEcho((message[0] ?? 0) & 0x0f, message[1] ?? 0);
      }
      send({ kind: 'midi', box: info.index, bytes: toHex(message) });
    });
    return box;
  };

  const receive = (message: ServerMessage): void => {
    switch (message.kind) {
      case 'hello':
        hello(message);
        return;
      case 'profile':
        jam.profile.value = message.name;
        return;
      case 'notice':
        jam.notify(message);
        return;
      case 'stats':
        for (const stats of message.boxes) {
          const box = boxAt(stats.box);
          if (!box) continue;
          box.stats.value = stats;
          box.history.add(message.now, stats);
        }
        jam.statTick.value++;
        return;
      case 'display':
        show(boxAt(message.box), message.frame, message.brightness);
        return;
      case 'leds': {
        const box = boxAt(message.box);
        if (!box) return;
        Object.assign(box.leds, { link: message.link, activity: message.activity });
        box.ledChanges.emit();
        return;
      }
      case 'notes':
        time.hear(message.now, performance.now());
        hear(message);
        return;
      case 'forecast':
        time.hear(message.now, performance.now());
        boxAt(message.box)?.beliefs.take(message);
        return;
      case 'player': {
        const box = boxAt(message.box);
        if (box) box.player.value = message;
        return;
      }
      case 'session': {
        const box = boxAt(message.box);
        if (box) box.session.value = message.session;
        return;
      }
    }
  };

  const boxAt = (index: number): BoxView | undefined => boxes.value[index - 1];

  const hello = (message: ServerMessage & { readonly kind: 'hello' }): void => {
    if (message.protocol !== PROTOCOL && sessionStorage.getItem(RELOADED) !== message.version) {
      sessionStorage.setItem(RELOADED, message.version);
      location.reload(); // the simulator was updated: fetch its page
      return;
    }
    time.reset();
    time.hear(message.now, performance.now());
    jam.version.value = message.version;
    jam.acquainted.value = message.acquainted;
    jam.profiles.value = message.profiles;
    jam.profile.value = message.profile;
    jam.pieces.value = message.pieces;
    const known = boxes.value;
    const same =
      known.length === message.boxes.length &&
      message.boxes.every(
        (box, i) => known[i]?.info.id === box.id && known[i].info.name === box.name,
      );
    if (!same) boxes.value = message.boxes.map(open);
    for (const box of boxes.value) {
      box.spans.clear();
      box.history.clear();
      box.beliefs.clear();
    }
    if (!boxAt(listening.value)) listening.value = 1;
    if (!boxAt(jam.selected.value)) jam.selected.value = 1;
    subscribe();
  };

  const hear = (message: ServerMessage & { readonly kind: 'notes' }): void => {
    const box = boxAt(message.box);
    if (!box) return;
    if (message.skipped > 0) silence(box); // a note-off may be among them
    const heard = box.info.index === listening.value;
    for (const fate of message.fates) box.spans.settle(fate);
    for (const control of message.controls) if (heard) synth.control(control);
    for (const note of message.notes) {
      box.spans.add(note);
      box.notes.emit(note);
      if (heard && sounds(note, box)) synth.note(note, jam.boxOf(note.participant));
    }
  };

  const subscribe = (): void => {
    const visible = !document.hidden;
    send({
      kind: 'subscribe',
      displays: visible,
      notes: visible || synth.on.value,
      stats: visible,
      watch: visible ? listening.value : null,
    });
    if (!visible && !synth.on.value) for (const box of boxes.value) silence(box);
  };
  document.addEventListener('visibilitychange', subscribe);

  const connection = openConnection({
    url,
    onMessage: receive,
    onState(state) {
      jam.link.value = state;
      if (state !== 'lost') return;
      for (const box of boxes.value) {
        box.hand.forget();
        silence(box);
      }
    },
  });
  listening.subscribe(() => {
    synth.silence();
    // What another box expected is of no use when it is looked at again.
    for (const box of boxes.value) box.beliefs.clear();
    subscribe();
  });
  return jam;
}

/**
 * Whoever sits at a box hears their own instrument as they play it, and the others from the box's output. What the box
 * sends back of their own (thru) would sound twice.
 */
function sounds(note: SimNote, box: BoxView): boolean {
  return (note.kind === 'played') === (note.participant === box.info.id) && note.kind !== 'arrived';
}

function show(box: BoxView | undefined, frame: string, brightness: number): void {
  if (!box) return;
  const text = atob(frame);
  for (let i = 0; i < text.length; i++) box.shown.frame[i] = text.charCodeAt(i);
  box.shown.brightness = brightness;
  box.frames.emit();
}

const toHex = (message: readonly number[]): string =>
  message.map((octet) => octet.toString(16).padStart(2, '0')).join('');

export const JamContext = createContext<Jam | undefined>(undefined);

export function useJam(): Jam {
  const jam = useContext(JamContext);
  if (!jam) throw new Error('a component outside of the page');
  return jam;
}
