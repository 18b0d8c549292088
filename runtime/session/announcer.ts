/**
 * Announces the present session on the local network. FORMAT.md, "DNS-SD".
 *
 * Takes  the advert as it should be now, or undefined for none.
 * Gives  it to discovery; the record follows changes at most every 2 s.
 * Keeps  trying: without a network there is nobody to tell, and playing goes on.
 */
import type { Log } from '../core/log.ts';
import { after, fromSeconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Announcement, Discovery, ServiceAdvert } from '../ports/discovery.ts';
import { sameValue } from './equality.ts';

export interface Announcer extends AsyncDisposable {
  set(advert: ServiceAdvert | undefined): void;
}

const PERIOD = fromSeconds(2);
const RETRY = fromSeconds(5);

export function openAnnouncer(deps: {
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly log: Log;
}): Announcer {
  const { clock, discovery, log } = deps;
  let wanted: ServiceAdvert | undefined;
  let told: ServiceAdvert | undefined;
  let announcement: Announcement | undefined;
  let work: Promise<void> | undefined;
  let resting = false;

  const alarm = clock.alarm(() => {
    resting = false;
    proceed();
  });

  const proceed = (): void => {
    if (work || resting || sameValue(wanted, told)) return;
    const next = wanted;
    work = tell(next)
      .then(
        () => {
          told = next;
          return PERIOD;
        },
        (failure: unknown) => {
          log.warn('the session is not announced; trying again', { reason: String(failure) });
          return RETRY;
        },
      )
      .then((rest) => {
        work = undefined;
        // Silence needs no rest: the next session is announced at once.
        resting = next !== undefined || rest === RETRY;
        if (resting) alarm.set(after(clock.now(), rest));
        else proceed();
      });
  };

  const tell = async (advert: ServiceAdvert | undefined): Promise<void> => {
    const sameService =
      announcement && advert && told && advert.name === told.name && advert.port === told.port;
    if (announcement && sameService) return announcement.update(advert.txt);
    const former = announcement;
    announcement = undefined;
    told = undefined;
    await former?.[Symbol.asyncDispose]();
    if (advert) announcement = await discovery.announce(advert);
  };

  return {
    set(advert) {
      wanted = advert;
      if (!advert) {
        resting = false;
        alarm.clear();
      }
      proceed();
    },
    async [Symbol.asyncDispose]() {
      wanted = undefined;
      resting = false;
      alarm[Symbol.dispose]();
      await work;
      await announcement?.[Symbol.asyncDispose]();
      announcement = undefined;
      told = undefined;
    },
  };
}
