// SPDX-License-Identifier: Apache-2.0
//
// From grpc-web to gRPC: node web_proxy.mjs TARGET CA_FILE ORIGIN
//
// Prints the port. Behind something that ends the browsers' TLS; Envoy's grpc_web and cors filters do
// the same.
import {readFileSync} from 'node:fs';
import {connect} from 'node:http2';

import proxy from '@grpc-web/proxy';

const [target, caFile, origin] = process.argv.slice(2);
// [proxy]
const ca = readFileSync(caFile);

// The token goes on by TLS alone. C++ servers want "te", which this proxy leaves out.
function upstream() {
  const session = connect(`https://${target}`, {ca});
  const request = session.request.bind(session);
  session.request = (headers, options) => request({...headers, te: 'trailers'}, options);
  return session;
}

// By CORS, that page alone may call, and sees grpc-status and grpc-message.
const server = proxy({target: upstream, origin});
// [end]
const listening = server.listen(0, '127.0.0.1', () => console.log(listening.address().port));
