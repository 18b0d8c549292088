/** Every screen of the panel, each reached by hand: what the golden images show. */
import { before, fromMillis } from '../../runtime/core/time.ts';
import { Hand } from './hand.ts';
import {
  BJORN,
  BOX,
  CROWDED,
  FAR_AWAY,
  FRESH_BOX,
  INES,
  JAMMING,
  SELF,
  SUNDAY,
} from './sample-models.ts';

export const SCREENS: Readonly<Record<string, () => Hand>> = {
  'home-first-run': () => new Hand(FRESH_BOX),
  home: () => new Hand(BOX),
  'home-scrolled': () => new Hand(BOX).turn(4),
  'home-clicked': () => new Hand(BOX).turn(2).tap(),
  'sessions-none-found': () => new Hand(FRESH_BOX).choose('sessions'),
  sessions: () => new Hand(BOX).turn(1).click().turn(1),
  'sessions-long-name': () => new Hand(BOX).turn(1).click().turn(2).wait(2_200),
  'sessions-chosen-one-gone': () =>
    new Hand(BOX)
      .turn(1)
      .click()
      .turn(2)
      .show({ found: BOX.found.slice(0, 1) }),
  'sessions-in-session': () => new Hand(JAMMING).click().choose('sessions').turn(1),
  joining: () => new Hand(BOX).show({ waiting: { doing: 'Joining', name: 'Sunday jam' } }),
  'error-nobody-answers': () =>
    new Hand(BOX).show({
      message: {
        text: 'Nobody answers at 192.168.1.20. Is the other box switched on?',
        tone: 'error',
      },
    }),
  live: () => playing(new Hand(JAMMING)),
  'live-alone': () =>
    new Hand({
      ...JAMMING,
      link: 'searching',
      streams: [],
      session: { ...SUNDAY, mode: 'live', participants: [SELF] },
    }),
  'live-crowded': () => playing(new Hand(CROWDED)).turn(1),
  'live-stopped': () => new Hand({ ...JAMMING, session: { ...SUNDAY, playing: false } }),
  'live-syncing': () => new Hand({ ...JAMMING, synced: false, ensembleShift: undefined }),
  'session-menu': () => new Hand(JAMMING).click(),
  'session-menu-mode': () => new Hand(JAMMING).click().choose('mode').turn(2),
  'session-menu-tempo': () => new Hand(JAMMING).click().choose('tempo').turn(3),
  participants: () => new Hand(CROWDED).click().click().turn(2),
  participant: () => new Hand(CROWDED).click().click().choose(`participant ${BJORN.id}`),
  'participant-lost': () =>
    new Hand(CROWDED).click().click().choose(`participant ${FAR_AWAY.id}`).turn(1),
  'participant-self': () => new Hand(CROWDED).click().click().click(),
  'confirm-leave': () => new Hand(JAMMING).click().choose('leave'),
  'confirm-switch': () => new Hand(JAMMING).click().choose('sessions').turn(1).click().turn(1),
  devices: () => new Hand(BOX).turn(3).click(),
  'devices-none': () => new Hand(FRESH_BOX).choose('devices'),
  settings: () => new Hand(BOX).turn(4).click(),
  'settings-number': () => new Hand(BOX).turn(4).click().choose('setting lateLimit').turn(2),
  'settings-choice': () => new Hand(BOX).turn(4).click().choose('setting jitter').turn(1),
  'settings-empty': () => new Hand(FRESH_BOX).choose('settings'),
  naming: () => new Hand(BOX).turn(4).click().choose('setting name').turn(4),
  'naming-save': () => new Hand(BOX).turn(4).click().choose('setting name'),
  about: () => new Hand(BOX).turn(5).click(),
  'about-gestures': () => new Hand(BOX).turn(5).click().turn(20),
  power: () => new Hand(BOX).hold(2_100),
  'confirm-shutdown': () => new Hand(JAMMING).hold(2_100).choose('shutdown'),
  panic: () => playing(new Hand(JAMMING)).panic(),
  blank: () => new Hand(BOX).wait(300_000),
  'pixel-shift': () => new Hand(BOX).wait(120_000),
};

function playing(hand: Hand): Hand {
  hand.levels.note(INES.id, 110, before(hand.now, fromMillis(40)));
  hand.levels.note('self', 70, before(hand.now, fromMillis(150)));
  return hand;
}
