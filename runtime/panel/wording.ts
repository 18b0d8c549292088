/** Figures as the panel writes them: short, and a dash for what is not known. */
import type { ParticipantRoute } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';

export function inMillis(time: Micros | undefined): string {
  if (time === undefined || !Number.isFinite(time)) return '–';
  const millis = time / 1_000;
  return millis > 0 && millis < 9.95 ? `${millis.toFixed(1)}ms` : `${Math.round(millis)}ms`;
}

/** Of 1. Small but not nothing is never written as nothing. */
export function inPercent(part: number | undefined): string {
  if (part === undefined || !Number.isFinite(part)) return '–';
  const percent = part * 100;
  if (percent <= 0) return '0%';
  if (percent < 0.1) return '<0.1%';
  return percent < 9.95 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}

/** Whole, and not what the network made up. */
export function inNumber(value: number): string {
  return value >= 0 && value < 1_000 ? `${Math.round(value)}` : '–';
}

/** How a participant's notes get here, beside a figure: what is as it should be is not said. */
export const ROUTE_SHORT: Readonly<Record<ParticipantRoute, string>> = {
  local: '',
  direct: '',
  relayed: 'relay',
  tunnelled: 'tunnel',
  forwarded: 'via',
  open: 'open!',
};

/** "87 s", and not below nothing. */
export function inSeconds(time: Micros): string {
  return `${Math.max(0, Math.ceil(time / 1_000_000))} s`;
}
