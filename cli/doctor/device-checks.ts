/**
 * Checks of native modules and of the MIDI devices they find.
 */
import { access, constants, readdir } from 'node:fs/promises';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

interface NativeModule {
  readonly name: string;
  /** What a box is without it. */
  readonly without: string;
  readonly load: () => Promise<unknown>;
}

const NATIVE_MODULES: readonly NativeModule[] = [
  {
    name: 'serialport',
    without: 'no DIN MIDI',
    load: async () => (await import('serialport')).SerialPort.list(),
  },
  {
    name: '@julusian/midi',
    without: 'no USB MIDI',
    load: async () => (await import('@julusian/midi')).verifyLibraryLoaded(),
  },
  {
    name: 'koffi',
    without: 'no real-time priority',
    load: async () => (await import('koffi')).default.sizeof('int'),
  },
  {
    name: 'onnxruntime-node',
    without: 'no prediction models',
    load: async () => (await import('onnxruntime-node')).listSupportedBackends(),
  },
];

export function checkNativeModules(): Promise<readonly Finding[]> {
  return Promise.all(
    NATIVE_MODULES.map(async ({ name, without, load }) => {
      try {
        await load();
        return ok(name, 'loads');
      } catch (failure) {
        return fail(
          name,
          `does not load (${reasonOf(failure)}): ${without}`,
          `npm rebuild ${name}`,
        );
      }
    }),
  );
}

const SEQUENCER = '/dev/snd/seq';
/** ALSA's own loop; nobody plays on it. */
const THROUGH = /^Midi Through/;

export async function checkUsbMidi(): Promise<Finding> {
  // RtMidi would complain on stderr by itself when there is no sequencer.
  if (process.platform === 'linux') {
    try {
      await access(SEQUENCER, constants.R_OK | constants.W_OK);
    } catch (failure) {
      return reasonOf(failure) === 'ENOENT'
        ? warn(
            'usb-midi',
            `no ALSA sequencer (${SEQUENCER} is missing)`,
            'sudo modprobe snd-seq; in a container, pass --device /dev/snd',
          )
        : warn(
            'usb-midi',
            `${SEQUENCER} may not be used`,
            'sudo usermod -aG audio $USER, then log in again',
          );
    }
  }
  try {
    const midi = await import('@julusian/midi');
    const [inputs, outputs] = [new midi.Input(), new midi.Output()].map((device) => {
      const names = Array.from({ length: device.getPortCount() }, (_, at) =>
        device.getPortName(at),
      );
      device.destroy();
      return names.filter((name) => !THROUGH.test(name));
    });
    const found = `in: ${inputs?.join(', ') || 'none'}; out: ${outputs?.join(', ') || 'none'}`;
    if (inputs?.length || outputs?.length) return ok('usb-midi', found);
    return warn('usb-midi', 'no device', 'connect a USB MIDI device');
  } catch (failure) {
    return warn('usb-midi', `can't be asked (${reasonOf(failure)})`, 'npm rebuild @julusian/midi');
  }
}

/** UARTs of boards that a DIN socket may hang on. */
const UART = /^tty(AMA|S|THS|mxc)\d+$/;

export async function checkDinMidi(): Promise<Finding> {
  const remedy =
    'none is needed with USB; on a Raspberry Pi put enable_uart=1 and dtoverlay=disable-bt into config.txt';
  const names = (await readdir('/dev').catch(() => [])).filter(
    // Every PC has a few ttyS that lead nowhere; boards name theirs otherwise.
    (name) => UART.test(name) && !name.startsWith('ttyS'),
  );
  if (names.length === 0) return warn('din-midi', 'no UART', remedy);
  const usable: string[] = [];
  for (const name of names) {
    const path = `/dev/${name}`;
    const may = await access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    );
    if (may) usable.push(path);
  }
  if (usable.length > 0) return ok('din-midi', usable.join(', '));
  return warn(
    'din-midi',
    `${names.join(', ')} may not be used`,
    'sudo usermod -aG dialout $USER, then log in again',
  );
}
