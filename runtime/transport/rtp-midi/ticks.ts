/**
 * The AppleMIDI clock: ticks of 100 microseconds, for CK exchanges (64 bits) and RTP timestamps (their low 32).
 *
 * Takes  Instants, gives ticks, and back; one named conversion each.
 * The line begins at a random tick (RFC 3550 asks for random timestamps), one for all that this end point sends.
 */
import type { Instant, Micros } from '../../core/time.ts';

/** Ticks on some end point's clock, not wrapped. */
export type Ticks = number & { readonly __unit: '100us' };
/** The low 32 bits of ticks: an RTP timestamp. */
export type RtpTime = number & { readonly __unit: '100us mod 2^32' };

const TICK_MICROS = 100;
const WRAP = 0x1_0000_0000;

export function ticksAt(instant: Instant, origin: number): Ticks {
  return (Math.floor(instant / TICK_MICROS) + origin) as Ticks;
}

/** So many ticks, as a duration. */
export function ticksAsMicros(ticks: number): Micros {
  return (ticks * TICK_MICROS) as Micros;
}

/** The peer's ticks as an Instant of the peer. */
export function remoteInstant(ticks: Ticks): Instant {
  return (ticks * TICK_MICROS) as Instant;
}

export function rtpTimeOf(ticks: Ticks): RtpTime {
  return (ticks % WRAP) as RtpTime;
}

/** The ticks nearest to `near` whose low 32 bits are `time`. */
export function unwrapRtpTime(time: number, near: Ticks): Ticks {
  const ahead = (time - Math.floor(near % WRAP)) | 0;
  return (near + ahead) as Ticks;
}

/** An Instant of the peer as its ticks. */
export function ticksOfRemote(remote: Instant): Ticks {
  return Math.floor(remote / TICK_MICROS) as Ticks;
}
