/**
 * What the panel says when a session was not joined: what happened, and what to do next. Pure.
 *
 * Short enough for a title of one line and a text of three, with names of usual length.
 */
import type { PanelFailure } from './joining-model.ts';

interface FailureWords {
  readonly title: string;
  readonly text: string;
  /** Somebody may mean harm: shown as an alarm, and "Back" is the answer that is ready. */
  readonly loud: boolean;
}

/** In UTF-16 units; longer names are shortened, so that what to do about them stays readable. */
const LONGEST_NAME = 14;

export function failureWords(failure: PanelFailure): FailureWords {
  const who = short(failure.who) || 'The host';
  const it = short(failure.who) || 'it';
  const name = short(failure.name) || 'The session';
  const calm = (title: string, text: string): FailureWords => ({ title, text, loud: false });
  switch (failure.reason) {
    case 'wrongCode':
      return calm('Wrong code', `Try again: ${it} will show a new code.`);
    case 'codeExpired':
      return calm('Code expired', `Try again: ${it} will show a new code.`);
    case 'locked':
      return calm('Too many tries', `${who} shows no code until the time is over.`);
    case 'declined':
      return calm('Not let in', `${who} said no. Talk to them, then try again.`);
    case 'busy':
      return calm('One at a time', `${who} is letting somebody else in. Try again soon.`);
    case 'hostGone':
      return calm('Host is gone', `${name} does not answer. Is its box still on?`);
    case 'askHost':
      return calm('Host is away', `Only the host of ${name} lets new boxes in.`);
    case 'full':
      return calm('Session is full', `${name} takes no more boxes.`);
    case 'removed':
      return calm('You were removed', `Ask the host of ${name} to let you back in.`);
    case 'keyChanged':
      return {
        title: 'NOT THE SAME BOX',
        text: `${who} has a new key! If it was reset, forget it in Settings.`,
        loud: true,
      };
    case 'intercepted':
      return {
        title: 'SOMEONE BETWEEN',
        text: `Not joined: this line to ${it} is not safe. Use another network.`,
        loud: true,
      };
    case 'noNetwork':
      return calm('No network', 'Plug in a network cable, then try again.');
    case 'serverUnreachable':
      return calm('No server', 'It does not answer. Jams nearby work without it.');
    case 'version':
      return calm('Other version', `${who} runs other software. Update both boxes.`);
    case 'tookTooLong':
      return calm('Took too long', `${name} is slow to answer. Try again, or use a cable.`);
  }
}

function short(name: string): string {
  const letters = [...name.trim()];
  if (letters.length <= LONGEST_NAME) return letters.join('');
  return `${letters
    .slice(0, LONGEST_NAME - 1)
    .join('')
    .trimEnd()}…`;
}
