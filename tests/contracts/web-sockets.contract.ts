import { describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { WebSocketConnection, WebSockets } from '../../runtime/ports/web-sockets.ts';

/** A server that takes every connection that speaks `togthr.test`. */
export interface WebSocketsRig extends AsyncDisposable {
  readonly webSockets: WebSockets;
  readonly url: string;
  /** The server's ends, in order of coming. */
  readonly accepted: readonly WebSocketConnection[];
  /** From now on nobody answers at `url`. */
  stopServing(): Promise<void>;
  until(reached: () => boolean): Promise<void>;
  finish<T>(promise: PromiseLike<T>): Promise<T>;
}

const INIT = { protocol: 'togthr.test', mostOctets: 1_000 };

interface Pair {
  readonly near: WebSocketConnection;
  readonly far: WebSocketConnection;
}

function collect(end: WebSocketConnection): (string | number[])[] {
  const heard: (string | number[])[] = [];
  end.onMessage((message) =>
    heard.push(typeof message === 'string' ? message : Array.from(message)),
  );
  return heard;
}

export function webSocketsContract(name: string, openRig: () => Promise<WebSocketsRig>): void {
  describe(`${name} keeps the WebSockets contract`, () => {
    const connected = async (rig: WebSocketsRig, held: Teardown): Promise<Pair> => {
      const near = await rig.finish(
        rig.webSockets.connect(rig.url, INIT, new AbortController().signal),
      );
      held.defer(() => rig.finish(near[Symbol.asyncDispose]()));
      await rig.until(() => rig.accepted.length > 0);
      const far = rig.accepted.at(-1);
      if (!far) throw new Error('nobody was accepted');
      return { near, far };
    };

    test('messages come whole and in order both ways, text as text and octets as octets', async () => {
      await using rig = await openRig();
      await using held = new Teardown();
      const { near, far } = await connected(rig, held);
      const [atNear, atFar] = [collect(near), collect(far)];
      const sent = ['one', Uint8Array.of(1, 2), '', new Uint8Array(0), 'ü', 'x'.repeat(900)];
      for (const message of sent) {
        near.send(message);
        far.send(message);
      }
      await rig.until(() => atNear.length === sent.length && atFar.length === sent.length);
      const plain = sent.map((each) => (typeof each === 'string' ? each : Array.from(each)));
      expect(atNear).toEqual(plain);
      expect(atFar).toEqual(plain);
    });

    test('what came before somebody listened is kept for them; what is sent is copied', async () => {
      await using rig = await openRig();
      await using held = new Teardown();
      const { near, far } = await connected(rig, held);
      const atNear = collect(near);
      const bytes = Uint8Array.of(1, 2);
      near.send(bytes);
      bytes.fill(9);
      near.send('two');
      far.send('back');
      await rig.until(() => atNear.length === 1);
      const atFar = collect(far);
      await rig.until(() => atFar.length === 2);
      expect(atFar).toEqual([[1, 2], 'two']);
    });

    test('a close is told once with its code and reason, at both ends, and nothing is sent after it', async () => {
      await using rig = await openRig();
      await using held = new Teardown();
      const { near, far } = await connected(rig, held);
      const told: [string, number, string][] = [];
      near.onClosed((code, reason) => told.push(['near', code, reason]));
      far.onClosed((code, reason) => told.push(['far', code, reason]));
      collect(near);
      far.close(4003, 'too many messages');
      far.close(4000, 'again');
      expect(far.send('more')).toBe(false);
      await rig.until(() => told.length === 2);
      expect(told.sort()).toEqual([
        ['far', 4003, 'too many messages'],
        ['near', 4003, 'too many messages'],
      ]);
      expect(near.send('more')).toBe(false);
      let late: unknown[] = [];
      near.onClosed((...all) => {
        late = all;
      });
      expect(late).toEqual([]);
      await rig.until(() => late.length > 0);
      expect(late).toEqual([4003, 'too many messages']);
    });

    test('disposing closes as normal, twice harmlessly', async () => {
      await using rig = await openRig();
      await using held = new Teardown();
      const { near, far } = await connected(rig, held);
      const codes: number[] = [];
      collect(far);
      far.onClosed((code) => codes.push(code));
      await rig.finish(near[Symbol.asyncDispose]());
      await rig.finish(near[Symbol.asyncDispose]());
      await rig.until(() => codes.length === 1);
      expect(codes).toEqual([1000]);
    });

    test('a message that is too long closes the connection', async () => {
      await using rig = await openRig();
      await using held = new Teardown();
      const { near, far } = await connected(rig, held);
      const heard = collect(near);
      let closed = 0;
      near.onClosed((code) => {
        closed = code;
      });
      collect(far);
      far.send('x'.repeat(1_001));
      await rig.until(() => closed !== 0);
      expect(heard).toEqual([]);
    });

    test('where nobody answers connecting is unavailable, in words', async () => {
      await using rig = await openRig();
      await rig.stopServing();
      const connecting = rig.webSockets.connect(rig.url, INIT, new AbortController().signal);
      await expect(rig.finish(connecting)).rejects.toMatchObject({
        name: 'PortError',
        code: 'unavailable',
      });
    });

    test('an aborted connect rejects with the reason of the signal', async () => {
      await using rig = await openRig();
      const reason = new Error('changed my mind');
      await expect(rig.webSockets.connect(rig.url, INIT, AbortSignal.abort(reason))).rejects.toBe(
        reason,
      );
      const controller = new AbortController();
      const connecting = rig.webSockets.connect(rig.url, INIT, controller.signal);
      controller.abort(reason);
      await expect(rig.finish(connecting)).rejects.toBe(reason);
    });
  });
}
