// SPDX-License-Identifier: Apache-2.0
//
// What the interop tests in JavaScript share: the lanyard command line, and the count of checks.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {isDeepStrictEqual} from 'node:util';

export const ISSUER = 'https://interop.example.test';
export const AUDIENCE = 'orders';
export const SUBJECT = 'svc:interop';

export const ALGORITHMS = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256',
  'ES384', 'ES512', 'EdDSA',
];
export const isHmac = (algorithm) => algorithm.startsWith('HS');

const folder = mkdtempSync(join(process.env.TEST_TMPDIR, 'js-'));

// From the folder that tests/interop/install filled, and no other.
export const load = createRequire(join(process.env.LANYARD_INTEROP, 'package.json'));

export function assert(right, message) {
  if (!right) throw new Error(message);
}

export function equal(got, wanted) {
  const text = (value) => JSON.stringify(value);
  assert(isDeepStrictEqual(got, wanted), `got ${text(got)}, not ${text(wanted)}`);
}

// The token with another subject, under the old signature.
export function withOtherClaims(token) {
  const [header, payload, signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  claims.sub = 'svc:admin';
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}

// The token with one bit of its signature flipped.
export function withOtherSignature(token) {
  const [header, payload, signature] = token.split('.');
  const changed = Buffer.from(signature, 'base64url');
  changed[changed.length >> 1] ^= 1;
  return [header, payload, changed.toString('base64url')].join('.');
}

// The message of a refusal, with "ID" for the random id at its end.
export function withoutId(text) {
  return text.replace(/ \[lanyard [0-9a-f]{8}\]$/, ' [lanyard ID]');
}

// The lanyard command line.
export class Lanyard {
  #binary;
  #files = 0;

  constructor(binary) {
    this.#binary = binary;
  }

  // A new file with that content; without, only its name.
  file(content) {
    const path = join(folder, String(++this.#files));
    if (content !== undefined) {
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    }
    return path;
  }

  // What it prints. Throws if it fails.
  run(...args) {
    const done = spawnSync(this.#binary, args, {encoding: 'utf8', timeout: 60000});
    assert(done.status === 0, `lanyard ${args[0]} ${args[1]}: ${done.stderr}`);
    return done.stdout;
  }

  // A file with a new private key.
  newKey(algorithm, format = 'jwk', ...more) {
    const path = this.file();
    this.run('key', 'new', '--alg', algorithm, '--format', format, '--out', path, ...more);
    return path;
  }

  // The key in another format, as text.
  convert(path, format, ...more) {
    return this.run('key', 'convert', path, '--format', format, ...more);
  }

  // What verifiers get: the public half; of an HMAC secret, itself.
  verifierKeys(path) {
    const text = readFileSync(path, 'utf8');
    if (text.startsWith('{') && JSON.parse(text).kty === 'oct') return path;
    return this.file(this.run('key', 'public', path));
  }

  thumbprint(path) {
    return this.run('key', 'thumbprint', path).trim();
  }

  mint(path, algorithm) {
    const names = ['--issuer', ISSUER, '--audience', AUDIENCE, '--subject', SUBJECT];
    return this.run('token', 'mint', '--key', path, '--alg', algorithm, ...names).trim();
  }

  // The name of the failure, or "ok" if the claims that it prints are right too.
  verify(path, algorithm, token) {
    const names = ['--issuer', ISSUER, '--audience', AUDIENCE, '--alg', algorithm, '--typ', 'at+jwt'];
    const done = spawnSync(
        this.#binary, ['token', 'verify', '--json', '--jwks', path, ...names, '-'],
        {encoding: 'utf8', timeout: 60000, input: token});
    let answer;
    try {
      answer = JSON.parse(done.stdout);
    } catch {
      return done.stderr;
    }
    if (answer.ok !== (done.status === 0)) return `exit code ${done.status}`;
    if (!answer.ok) return answer.failure;
    return answer.claims.sub === SUBJECT ? 'ok' : 'another subject';
  }
}

// Counts what was tried. A check that fails is printed, and the others go on.
export class Checks {
  #passed = 0;
  #failed = 0;

  // One combination; whatever `body` throws is its failure.
  async check(name, body) {
    try {
      await body();
      ++this.#passed;
    } catch (error) {
      ++this.#failed;
      console.log(`FAILED: ${name}: ${error}`);
    }
  }

  // One combination, which must be refused with an error of this code.
  async refused(name, code, body) {
    await this.check(name, async () => {
      let got = 'accepted';
      try {
        await body();
      } catch (error) {
        got = error.code;
      }
      equal(got, code);
    });
  }

  // Says how many there were, and exits: 0 if there were some and all passed.
  finish() {
    console.log(`${this.#passed + this.#failed} combinations, ${this.#failed} failed`);
    process.exit(this.#passed > 0 && this.#failed === 0 ? 0 : 1);
  }
}
