// SPDX-License-Identifier: Apache-2.0
//
// Calls the Orders service: node get_order.js TARGET CA_FILE TOKEN_FILE PROTO_FOLDER...
import {readFileSync} from 'node:fs';

import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';

import type {ProtoGrpcType} from './gen/orders';

const [target, caFile, tokenFile, ...includeDirs] = process.argv.slice(2);

// [client]
// orders.proto and what it imports, lanyard/v1/annotations.proto, are found in includeDirs.
const {shop} = grpc.loadPackageDefinition(
  loader.loadSync('orders.proto', {includeDirs}),
) as unknown as ProtoGrpcType;

// The token in a file that somebody else keeps fresh; read for each call.
const token = grpc.credentials.createFromMetadataGenerator((params, done) => {
  const metadata = new grpc.Metadata();
  try {
    metadata.set('authorization', `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`);
  } catch (error) {
    return done(error as Error);
  }
  done(null, metadata);
});
const tls = grpc.credentials.createSsl(readFileSync(caFile));
const orders = new shop.Orders(target, grpc.credentials.combineChannelCredentials(tls, token));
// [end]

orders.GetOrder({id: '7'}, {deadline: Date.now() + 30000}, (error, order) => {
  if (error) {
    console.error(`${grpc.status[error.code]} ${error.details}`);
    process.exit(1);
  }
  console.log(`OK, asked by ${order?.askedBy}`);
});
