// SPDX-License-Identifier: Apache-2.0
//
// Calls the gated Echo server over TLS with the npm package @grpc/grpc-js, without generated code.
//
// Usage: grpc_node.mjs ECHO_SERVER
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

import {assert, Checks, equal, load, withoutId} from './lanyard.mjs';

const grpc = load('@grpc/grpc-js');
const checks = new Checks();
const {UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE, UNIMPLEMENTED} = grpc.status;
const TIMEOUT_MS = 30000;

// What each caller is told, by the file that its token is in; "no token" sends none.
const REFUSED = {
  'no token': 'missing token',
  'expired': 'token expired',
  'early': 'token not yet valid',
  'elsewhere': 'wrong audience',
  'other': 'invalid token',
  'not a token': 'invalid token',
};

// The bytes of Message{text}, of fewer than 128 bytes.
const toBytes = (text) => Buffer.concat([Buffer.from([0x0a, text.length]), Buffer.from(text)]);
function fromBytes(data) {
  assert(data[0] === 0x0a && data[1] === data.length - 2, 'no Message with a short text');
  return data.subarray(2).toString();
}

const METHODS = {
  Unary: ['hi'], Open: ['hi'], Scoped: ['hi'], Unruled: ['hi'], Nothing: ['hi'],
  Collect: ['a', 'b'], Repeat: ['hi'], Chat: ['a', 'b', 'c'],
};

// Makes a call: the replies, or {code, message} of its refusal, the random id made regular.
function call(client, method, metadata = new grpc.Metadata()) {
  return new Promise((resolve) => {
    const args = [`/lanyard.test.Echo/${method}`, toBytes, fromBytes];
    const options = {deadline: Date.now() + TIMEOUT_MS};
    const refused = (error) => resolve({code: error.code, message: withoutId(error.details)});
    const one = (error, reply) => error ? refused(error) : resolve([reply]);
    const sendAll = (stream) => {
      for (const text of METHODS[method]) stream.write(text);
      stream.end();
    };
    const readAll = (stream) => {
      const replies = [];
      stream.on('data', (reply) => replies.push(reply));
      stream.on('error', refused);
      stream.on('end', () => resolve(replies));
    };
    if (method === 'Collect') {
      sendAll(client.makeClientStreamRequest(...args, metadata, options, one));
    } else if (method === 'Repeat') {
      readAll(client.makeServerStreamRequest(...args, 'hi', metadata, options));
    } else if (method === 'Chat') {
      const stream = client.makeBidiStreamRequest(...args, metadata, options);
      readAll(stream);
      sendAll(stream);
    } else {
      client.makeUnaryRequest(...args, 'hi', metadata, options, one);
    }
  });
}

function bearer(token, scheme = 'Bearer') {
  const metadata = new grpc.Metadata();
  if (token) metadata.add('authorization', `${scheme} ${token}`);
  return metadata;
}

const refusal = (code, text) => ({code, message: `${text} [lanyard ID]`});

async function run(address, root, tokens) {
  const expect = (name, client, method, metadata, wanted) =>
      checks.check(name, async () => equal(await call(client, method, metadata), wanted));
  const me = ['svc:test'];
  const replies = {Unary: me, Collect: me, Repeat: me, Chat: [...me, ...me, ...me]};
  const denied = refusal(PERMISSION_DENIED, 'permission denied');
  const invalid = refusal(UNAUTHENTICATED, 'invalid token');
  const {valid} = tokens;
  const tls = grpc.credentials.createSsl(root);

  // Node.js wants a name to ask for, and the address is none.
  const options = {'grpc.ssl_target_name_override': 'localhost'};
  const client = new grpc.Client(address, tls, options);
  for (const [method, wanted] of Object.entries(replies)) {
    await expect(`${method} allowed`, client, method, bearer(valid), wanted);
    for (const [name, text] of Object.entries(REFUSED)) {
      const token = name === 'no token' ? undefined : tokens[name] ?? name;
      await expect(
          `${method} ${name}`, client, method, bearer(token), refusal(UNAUTHENTICATED, text));
    }
  }
  for (const [method, name, wanted] of [
    ['Scoped', 'valid', denied],
    ['Scoped', 'writer', me],
    ['Unruled', 'writer', denied],
    ['Nothing', 'writer', refusal(UNIMPLEMENTED, 'unknown method')],
    ['Nothing', 'no token', refusal(UNAUTHENTICATED, 'missing token')],
    ['Open', 'no token', ['(anonymous)']],
    ['Open', 'valid', me],
  ]) {
    await expect(`${method} ${name}`, client, method, bearer(tokens[name]), wanted);
  }
  // The scheme's name has no case (RFC 9110 section 11.1).
  await expect('lower-case scheme', client, 'Unary', bearer(valid, 'bearer'), me);
  // Two tokens in one call are not tried: this client itself refuses to send them.
  await expect('another scheme', client, 'Unary', bearer(valid, 'Basic'), invalid);
  client.close();

  // The way that other libraries send a token: as call credentials of the channel.
  const perCall = grpc.credentials.createFromMetadataGenerator(
      (params, done) => done(null, bearer(valid)));
  const both = new grpc.Client(address, grpc.credentials.combineChannelCredentials(tls, perCall), options);
  for (const [method, wanted] of Object.entries(replies)) {
    await expect(`${method} call credentials`, both, method, undefined, wanted);
  }
  both.close();

  const plain = new grpc.Client(address, grpc.credentials.createInsecure());
  await checks.check('without TLS', async () => {
    equal((await call(plain, 'Unary', bearer(valid))).code, UNAVAILABLE);
  });
  plain.close();
}

const folder = mkdtempSync(join(process.env.TEST_TMPDIR, 'tokens-'));
const server = spawn(process.argv[2], [folder], {stdio: ['pipe', 'pipe', 'inherit']});
const exited = once(server, 'exit');
const lines = createInterface({input: server.stdout})[Symbol.asyncIterator]();
const {value: port} = await lines.next();
const {value: root} = await lines.next();
assert(root, 'the server did not start');
const tokens =
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
await checks.check('calls', () => run(`127.0.0.1:${port}`, readFileSync(root), tokens));
server.stdin.end();
await checks.check('no handler saw a token', async () => equal((await exited)[0], 0));
checks.finish();
