/**
 * The WebSocket to the simulator, which comes back by itself when the simulator does.
 *
 * Takes  ClientMessages; what is said while there is no connection is lost, as is fit for playing.
 * Gives  ServerMessages and the state of the connection. The server is our own: its messages are not checked again.
 */
import type { ClientMessage } from '../app/client-messages.ts';
import type { ServerMessage } from '../app/protocol.ts';

export type LinkState = 'connecting' | 'open' | 'lost';

export interface ConnectionDeps {
  readonly url: string;
  readonly onMessage: (message: ServerMessage) => void;
  readonly onState: (state: LinkState) => void;
}

export interface Connection {
  send(message: ClientMessage): void;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2_000;

export function openConnection({ url, onMessage, onState }: ConnectionDeps): Connection {
  let socket: WebSocket | undefined;
  let retryMs = FIRST_RETRY_MS;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const connect = (): void => {
    clearTimeout(retry);
    retry = undefined;
    const opening = new WebSocket(url);
    socket = opening;
    opening.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      onState('open');
    };
    opening.onmessage = (event: MessageEvent<string>) => {
      onMessage(JSON.parse(event.data) as ServerMessage);
    };
    // Also follows an error and a refused connection.
    opening.onclose = () => {
      onState('lost');
      retry = setTimeout(connect, retryMs);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 1.6);
    };
  };

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && retry !== undefined) connect();
  });
  onState('connecting');
  connect();

  return {
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
  };
}

export function socketUrl(page: Location): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/ws`;
}
