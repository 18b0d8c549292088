import type { MidiKind } from '../core/midi-message.ts';
import { DEFAULT_FILTERS, type MidiFilters } from '../midi-manager/midi-filters.ts';
import type { CappedMidiType, MidiType, Settings } from '../settings/settings.ts';

/** The settings speak of groups that people know; filters of the specification's kinds. */
const KINDS: Readonly<Record<MidiType, readonly MidiKind[]>> = {
  notes: ['noteOn', 'noteOff'],
  polyPressure: ['polyPressure'],
  controlChange: ['controlChange'],
  programChange: ['programChange'],
  channelPressure: ['channelPressure'],
  pitchBend: ['pitchBend'],
  sysEx: ['sysEx'],
  timeCode: ['mtcQuarterFrame'],
  song: ['songPosition', 'songSelect', 'tuneRequest'],
  transport: ['start', 'continue', 'stop'],
  clock: ['timingClock'],
  activeSensing: ['activeSensing'],
};
const GROUPS = Object.keys(KINDS) as readonly MidiType[];

/** A cap of 0 is none; kinds that have no setting keep their default cap. */
export function filtersFrom({ pass, maxPerSecond }: Settings['midi']): MidiFilters {
  const perSecond: Partial<Record<MidiKind, number>> = { ...DEFAULT_FILTERS.perSecond };
  for (const [kind, cap] of Object.entries(maxPerSecond) as [CappedMidiType, number][]) {
    if (cap > 0) perSecond[kind] = cap;
    else delete perSecond[kind];
  }
  return {
    block: GROUPS.filter((group) => !pass[group]).flatMap((group) => KINDS[group]),
    perSecond,
    sysExBytesPerSecond: DEFAULT_FILTERS.sysExBytesPerSecond,
  };
}
