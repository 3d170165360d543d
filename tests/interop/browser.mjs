// SPDX-License-Identifier: Apache-2.0
//
// Shows a page that calls a service by grpc-web to a real browser, and prints what it says:
//
//   browser.mjs PAGE.js PROXY.mjs TARGET CA_FILE TOKEN_FILE
//
// Ends with 1 unless that begins with "OK".
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

const [page, proxyScript, target, caFile, tokenFile] = process.argv.slice(2);

// The page's own server.
let port;
const pages = createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  try {
    if (path === '/') {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><meta name="api" content="http://localhost:${port}"><body>` +
        '<script src="/page.js"></script></body>');
    } else if (path === '/page.js') {
      response.end(readFileSync(page));
    } else if (path === '/token') {
      response.end(readFileSync(tokenFile));
    } else {
      response.writeHead(404).end();
    }
  } catch {
    response.writeHead(404).end();
  }
});
pages.listen(0, '127.0.0.1');
await once(pages, 'listening');
const origin = `http://localhost:${pages.address().port}`;

const proxy = spawn(process.execPath, [proxyScript, target, caFile, origin], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
proxy.once('exit', (code) => {
  console.log(`the proxy ended with ${code}`);
  process.exit(1);
});
[port] = await once(createInterface({input: proxy.stdout}), 'line');

// A profile of its own, and no network but this machine's. No sandbox: it does not start inside
// another.
const browser = spawn('chromium', [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
  '--disable-background-networking', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost',
  `--user-data-dir=${join(process.env.TEST_TMPDIR, 'profile')}`, '--virtual-time-budget=20000',
  '--dump-dom', `${origin}/`,
], {stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000});
let shown = '';
browser.stdout.on('data', (data) => { shown += data; });
await once(browser, 'close');
proxy.removeAllListeners('exit');
proxy.kill();
pages.closeAllConnections();
pages.close();

const text = /<body>([^<]*)/.exec(shown)?.[1] ?? `nothing: ${shown}`;
console.log(text);
process.exitCode = text.startsWith('OK') ? 0 : 1;
