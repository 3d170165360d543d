// SPDX-License-Identifier: Apache-2.0
//
// From grpc-web to gRPC, for trying out: node web_proxy.mjs TARGET CA_FILE ORIGIN
//
// Prints the port.
import {readFileSync} from 'node:fs';
import {connect} from 'node:http2';

import proxy from '@grpc-web/proxy';

const [target, caFile, origin] = process.argv.slice(2);
if (!origin) throw new Error('usage: web_proxy.mjs TARGET CA_FILE ORIGIN');

// [proxy]
const ca = readFileSync(caFile);

// What goes on to the server, by TLS alone; not cookies, nor what only a trusted proxy may say.
const PASSED = [':method', ':path', 'content-type', 'authorization', 'grpc-timeout'];

function upstream() {
  const session = connect(`https://${target}`, {ca});
  const request = session.request.bind(session);
  session.request = (all) => {
    const headers = {te: 'trailers'};  // C++ servers want it, and this proxy leaves it out.
    for (const name of PASSED) if (name in all) headers[name] = all[name];
    return request(headers);
  };
  return session;
}

// Of the pages in browsers that one alone may call, and sees grpc-status and grpc-message. Whatever
// ends the browsers' TLS stands before it.
const server = proxy({target: upstream, origin});
const listening = server.listen(0, '127.0.0.1', () => console.log(listening.address().port));
// [end]
