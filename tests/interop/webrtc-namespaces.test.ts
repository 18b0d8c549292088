/** Peer connections of two machines that have nothing but a cable between them. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { waitUntil } from '../platform/real-rig.ts';
import {
  makeNamespace,
  type Namespace,
  openNamespaces,
  type Running,
  whyNoNamespaces,
} from './net-namespaces.ts';

const missing = await whyNoNamespaces([]);
const PROGRAM = fileURLToPath(new URL('./webrtc-end.ts', import.meta.url));

function events(end: Running, kind: string): readonly string[] {
  return end.lines.filter((line) => line.startsWith(`{"kind":"${kind}"`));
}

/** The addresses between which it opened. */
async function connect(near: Namespace, far: Namespace): Promise<readonly string[]> {
  const start = (space: Namespace, role: string): Running =>
    space.start({}, process.execPath, '--import', 'tsx', PROGRAM, role);
  const ends = [start(near, 'offerer'), start(far, 'answerer')] as const;
  await waitUntil(() => ends.every((end) => events(end, 'ready').length > 0), 30);
  const passed = [0, 0];
  const pass = (): void => {
    for (const [at, end] of ends.entries()) {
      const other = ends[1 - at];
      for (const line of end.lines.slice(passed[at])) {
        if (/^\{"kind":"(description|candidate)"/.test(line)) other?.write(line);
      }
      passed[at] = end.lines.length;
    }
  };
  for (let tries = 1; tries <= 3; tries++) {
    await waitUntil(() => {
      pass();
      return ends.every(
        (end) => events(end, 'open').length + events(end, 'failed').length >= tries,
      );
    }, 20);
    if (ends.every((end) => events(end, 'open').length > 0)) break;
    for (const end of ends) end.write('{"kind":"again"}');
  }
  await waitUntil(() => ends.every((end) => events(end, 'bytes').length > 0), 20);
  const open = JSON.parse(events(ends[0], 'open').at(-1) ?? '{}');
  expect(open.route.kind).toBe('local');
  return [open.route.local.host, open.route.remote.host];
}

const CABLES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['IPv4 addresses', ['10.77.0.1/24', '10.77.0.2/24'], /^10\.77\./],
  ['addresses that they gave themselves (RFC 3927)', ['169.254.1.1/16', '169.254.1.2/16'], /^169/],
  ['IPv6 link-local addresses', [], /^fe80:.*%v/],
];
for (const [what, addresses, shape] of CABLES) {
  test(`over a cable with nothing but ${what} they connect`, {
    timeout: 90_000,
  }, async (context) => {
    if (missing !== undefined) return context.skip(missing);
    await using pair = await openNamespaces();
    for (const [at, side] of [pair.here, pair.there].entries()) {
      await side.ip('addr', 'flush', 'dev', side.interface, 'scope', 'global');
      const address = addresses[at];
      if (address !== undefined) await side.ip('addr', 'add', address, 'dev', side.interface);
    }
    // An address is of use once nobody else turned out to have it.
    const usable = async (side: Namespace): Promise<boolean> =>
      !(await side.read({}, 'ip', 'addr')).includes('tentative');
    await expect.poll(() => usable(pair.here), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => usable(pair.there), { timeout: 10_000 }).toBe(true);
    const hosts = await connect(pair.here, pair.there);
    for (const host of hosts) expect(host).toMatch(shape);
  });
}

test('two boxes on one machine without any network connect', {
  timeout: 90_000,
}, async (context) => {
  if (missing !== undefined) return context.skip(missing);
  await using teardown = new Teardown();
  const name = `jt-${process.pid}-lone`;
  const alone = await makeNamespace(teardown, name, { interface: 'lo', address: '127.0.0.1' });
  expect(await connect(alone, alone)).toEqual(['127.0.0.1', '127.0.0.1']);
});
