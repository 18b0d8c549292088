/** Every screen of the panel, each reached by hand: what the golden images show. */
import type { JoinFailureReason } from '../../runtime/core/join-failure.ts';
import { after, before, fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import type { PanelCodeAsked } from '../../runtime/panel/joining-model.ts';
import type { PanelModel } from '../../runtime/panel/panel-model.ts';
import { Hand, START } from './hand.ts';
import {
  ASKED,
  BJORN,
  BOX,
  CONNECTING,
  CROWDED,
  FAR_AWAY,
  FRESH_BOX,
  failing,
  HOSTING,
  hearing,
  INES,
  INVITATION,
  JAMMING,
  SELF,
  SHOWN,
  SUNDAY,
} from './sample-models.ts';

/** Each has a screen of its own. */
export const FAILURES: readonly JoinFailureReason[] = [
  'wrongCode',
  'codeExpired',
  'locked',
  'declined',
  'busy',
  'hostGone',
  'askHost',
  'full',
  'removed',
  'keyChanged',
  'intercepted',
  'noNetwork',
  'serverUnreachable',
  'version',
  'tookTooLong',
];

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
  'sessions-no-network': () =>
    new Hand({ ...FRESH_BOX, network: { ...FRESH_BOX.network, addresses: [] } }).choose('sessions'),
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
      lock: 'none',
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
  participant: () =>
    new Hand(CROWDED).click().click().choose(`participant ${BJORN.id}`).choose('figures'),
  'participant-lost': () =>
    new Hand(CROWDED)
      .click()
      .click()
      .choose(`participant ${FAR_AWAY.id}`)
      .choose('figures')
      .turn(1),
  player: () => player(),
  'player-mode': () => player().choose('mode').turn(3),
  'player-prediction': () => player().choose('wet').turn(-6),
  'player-heard': () => player().choose('heard'),
  'player-heard-freely': () =>
    player(hearing({ inUse: 'live', reason: 'unpredictable', confidence: 0.22 })).choose('heard'),
  'player-heard-alone': () => player(hearing({ carriedOn: 1.3 })).choose('heard'),
  'live-carried-on': () => new Hand(hearing({ carriedOn: 1.3 })),
  'participant-self': () => new Hand(CROWDED).click().click().click(),
  'code-entry': () => asked().turn(4),
  'code-entry-third': () => asked().turn(4).click().turn(-2).click().turn(2),
  'code-entry-complete': () => entered('482913'),
  'code-entry-wrong': () => asked({ wrong: true, triesLeft: 1 }),
  'code-entry-warning': () => asked({ nameKnown: true }),
  'code-checking': () => entered('482913').click(),
  'code-shown': () => new Hand(JAMMING).show({ codeShown: SHOWN }),
  'code-shown-long-name': () =>
    new Hand(JAMMING).show({
      codeShown: { ...SHOWN, guest: 'Attic in Reykjavík under the roof', triesLeft: 1 },
    }),
  'session-menu-guest': () => new Hand(HOSTING).show({ codeShown: SHOWN }).click().click(),
  ...Object.fromEntries(
    FAILURES.map((reason) => [
      `failure-${reason}`,
      () =>
        new Hand(BOX).show(
          failing(reason, reason === 'locked' ? { retryAt: after(START, fromSeconds(28)) } : {}),
        ),
    ]),
  ),
  'failure-back': () => new Hand(BOX).show(failing('hostGone')).turn(1),
  'failure-clicked': () => new Hand(BOX).show(failing('hostGone')).tap(),
  'session-menu-hosting': () => new Hand(HOSTING).click().turn(9),
  'session-menu-locked': () =>
    new Hand({ ...JAMMING, session: { ...SUNDAY, locked: true } }).click().turn(3),
  'participants-hosting': () => new Hand(HOSTING).click().click().turn(2),
  person: () => new Hand(HOSTING).click().click().turn(1).click(),
  'confirm-remove': () => new Hand(HOSTING).click().click().turn(1).click().choose('remove'),
  'confirm-hand-over': () =>
    new Hand(HOSTING).click().click().turn(1).click().choose('handOver').turn(1),
  removed: () => new Hand(HOSTING).click().choose('removed'),
  'confirm-let-back-in': () => new Hand(HOSTING).click().choose('removed').click(),
  invite: () => new Hand(HOSTING).click().choose('invite').show({ invitation: INVITATION }),
  'invite-long-host': () =>
    new Hand(HOSTING)
      .click()
      .choose('invite')
      .show({
        invitation: {
          ...INVITATION,
          webLink: 'https://sessions.example.org:8443/PMdE3-JpOoU#kT0bZ1xQm3hV5rYw',
        },
      }),
  'invite-text': () =>
    new Hand(HOSTING).click().choose('invite').show({ invitation: INVITATION }).turn(1),
  'invite-asking': () => new Hand(HOSTING).click().choose('invite'),
  'tap-tempo': () => new Hand(JAMMING).click().choose('tap'),
  'tap-tempo-tapped': () => tapping(new Hand(JAMMING).click().choose('tap'), 6, 500),
  'known-boxes': () => new Hand(BOX).choose('settings').choose('known').turn(1),
  'confirm-forget': () => new Hand(BOX).choose('settings').choose('known').click(),
  network: () => new Hand(BOX).choose('settings').choose('network'),
  'network-server': () => new Hand(BOX).choose('settings').choose('network').turn(9),
  'network-strict': () =>
    new Hand({
      ...BOX,
      network: {
        ...BOX.network,
        addresses: ['10.0.0.7'],
        server: {
          address: 'jam.example.org',
          state: 'offline',
          problem: 'The server does not answer.',
        },
        verdict: {
          short: 'Strict NAT: relay',
          sentence:
            'the router gives every destination another port; music takes the way through a TURN relay',
        },
      },
    })
      .choose('settings')
      .choose('network')
      .turn(6),
  'live-reconnecting': () =>
    new Hand({
      ...JAMMING,
      link: 'degraded',
      session: {
        ...SUNDAY,
        participants: [SELF, { ...INES, connected: false, route: undefined }, BJORN],
      },
    }).wait(800),
  'message-hosts-now': () =>
    new Hand(JAMMING).show({ message: { text: 'Inês hosts now', tone: 'info' } }),
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

function player(model: PanelModel = JAMMING): Hand {
  return new Hand(model).click().choose('participants').choose(`participant ${INES.id}`);
}

function playing(hand: Hand): Hand {
  hand.levels.note(INES.id, 110, before(hand.now, fromMillis(40)));
  hand.levels.note('self', 70, before(hand.now, fromMillis(150)));
  return hand;
}

function asked(change: Partial<PanelCodeAsked> = {}): Hand {
  return new Hand(CONNECTING).wait(2_000).show({ codeAsked: { ...ASKED, ...change } });
}

/** All digits are there, and none was sent. */
function entered(code: string): Hand {
  const hand = asked();
  for (const digit of code) hand.turn(Number(digit)).click();
  return hand;
}

function tapping(hand: Hand, count: number, every: number): Hand {
  for (let tap = 0; tap < count; tap++) hand.wait(every - 60).tap();
  return hand;
}
