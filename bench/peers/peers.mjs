// SPDX-License-Identifier: Apache-2.0
//
// How long jose takes to check the tokens of //bench:peer_tokens, for orientation.
//
//   node bench/peers/peers.mjs TOKENS [--rounds=7]
//
// Rows go to stdout, one JSON object a line; what is skipped, and why, to stderr.
import {createPublicKey} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {homedir} from 'node:os';
import {pathToFileURL} from 'node:url';

const TURN = 100; // Milliseconds.

const say = (text) => process.stderr.write(`peers.mjs: ${text}\n`);
function die(text) {
  say(text);
  process.exit(1);
}

// Modules do not heed NODE_PATH, and jose is where tests/interop/install puts it.
async function loadJose() {
  const cache = process.env.XDG_CACHE_HOME || `${homedir()}/.cache`;
  const folder = process.env.LANYARD_INTEROP || `${cache}/lanyard/interop`;
  const require = createRequire(`${folder}/`);
  const path = require.resolve('jose');
  say(`jose ${require('jose/package.json').version}, Node.js ${process.version}`);
  return import(pathToFileURL(path));
}

// The token with another character in the middle of that part.
function tampered(token, part) {
  const parts = token.split('.');
  const text = parts[part];
  const middle = Math.floor(text.length / 2);
  parts[part] = text.slice(0, middle) + (text[middle] === 'A' ? 'B' : 'A') + text.slice(middle + 1);
  return parts.join('.');
}

// A function that says whether a token is good. Keys are read once, as jose allows.
function checkOf(jose, algorithm, key, issuer, audience) {
  const bytes = Buffer.from(key, 'base64');
  const read = algorithm.startsWith('HS') ? bytes : createPublicKey(bytes);
  return async (token, asked = {}) => {
    try {
      await jose.jwtVerify(token, read, {algorithms: [algorithm], issuer, audience, ...asked});
      return true;
    } catch (error) {
      if (error instanceof jose.errors.JOSEError) return false;
      throw error;
    }
  };
}

// Nanoseconds for one token.
async function measure(check, token) {
  const start = performance.now();
  let times = 0;
  let took = 0;
  for (let batch = 1; took < TURN; batch *= 2) {
    for (let i = 0; i < batch; i++) {
      if (!(await check(token))) die('a good token was refused');
    }
    times += batch;
    took = performance.now() - start;
  }
  return (took / times) * 1e6;
}

const [path, option = '--rounds=7'] = process.argv.slice(2);
const rounds = Number(/^--rounds=([1-9]\d*)$/.exec(option)?.[1]);
if (!path || !rounds) die('usage: peers.mjs TOKENS [--rounds=7]');

let jose;
try {
  jose = await loadJose();
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  say('SKIPPED: jose: it is not installed; bench/install installs it');
  process.exit(0);
}
const rows = [];
for (const line of readFileSync(path, 'ascii').trim().split('\n')) {
  const [algorithm, issuer, audience, key, token] = line.split(' ');
  const check = checkOf(jose, algorithm, key, issuer, audience);
  const refused = [
    await check(tampered(token, 1)),
    await check(tampered(token, 2)),
    await check(token, {issuer: `${issuer}x`}),
    await check(token, {audience: `${audience}x`}),
  ];
  if (!(await check(token)) || refused.includes(true)) die(`${algorithm}: a wrong verdict`);
  rows.push({name: `peer/jose/${algorithm}`, check, token, values: []});
}
// V8 compiles what runs often.
for (const {check, token} of rows) await measure(check, token);
for (let round = 1; round <= rounds; round++) {
  say(`round ${round} of ${rounds}`);
  for (const {check, token, values} of rows) {
    values.push(Math.round((await measure(check, token)) * 10) / 10);
  }
}
for (const {name, values} of rows) console.log(JSON.stringify({name, unit: 'ns', values}));
