import { expect, test } from 'vitest';
import { readServerAddress } from './server-address.ts';

test.each([
  ['https://jam.example.org', 'jam.example.org', 'wss://jam.example.org/v1/box'],
  ['https://Jam.Example.org:443/', 'jam.example.org', 'wss://jam.example.org/v1/box'],
  ['https://jam.example.org:8443', 'jam.example.org:8443', 'wss://jam.example.org:8443/v1/box'],
  ['http://127.0.0.1:80', '127.0.0.1', 'ws://127.0.0.1/v1/box'],
  ['http://[::1]:8080', '[::1]:8080', 'ws://[::1]:8080/v1/box'],
  [' http://box ', 'box', 'ws://box/v1/box'],
])('%s is dialed as %s', (text, name, webSocketUrl) => {
  expect(readServerAddress(text)).toMatchObject({
    name,
    webSocketUrl,
    secure: webSocketUrl.startsWith('wss'),
  });
});

test.each([
  '',
  'jam.example.org',
  'ftp://jam.example.org',
  'https://',
  'https://jam.example.org/path',
  'https://me@jam.example.org',
  'https://jam example.org',
  'https://jam.example.org:99999',
  'https://-jam.example.org',
  'https://jam.example.org?x',
])('%j is refused, with an example of what would be right', (text) => {
  expect(() => readServerAddress(text)).toThrow(
    expect.objectContaining({
      code: 'invalid',
      message: expect.stringContaining('https://jam.example.org'),
    }),
  );
});
