// SPDX-License-Identifier: Apache-2.0
//
// A page that calls the Orders service by grpc-web, through the proxy that its own server names:
// <meta name="api" content="https://api.shop.example">
import {GrpcWebClientBase, MethodDescriptor, MethodType, StatusCode} from 'grpc-web';
import protobuf from 'protobufjs';

import protos from './orders.proto';

// [client]
// What protoc-gen-grpc-web writes from orders.proto; here read from the file itself.
const {root} = protobuf.parse(protos);
const [Request, Order] = ['GetOrderRequest', 'Order'].map((name) => root.lookupType(`shop.${name}`));
const getOrder = new MethodDescriptor(
  '/shop.Orders/GetOrder', MethodType.UNARY, Object, Object,
  (request) => Request.encode(request).finish(), (bytes) => Order.decode(bytes),
);

// Out of the page, which its own server wrote; never out of its URL, which anybody can write.
const api = new URL(document.querySelector('meta[name=api]').content);
if (api.protocol !== 'https:' && api.hostname !== 'localhost') throw new Error('a token needs TLS');

// The page's own server knows who has the session, and hands out a token of a few minutes.
async function token() {
  const answer = await fetch('/token', {credentials: 'same-origin'});
  if (!answer.ok) throw new Error('no token');
  return (await answer.text()).trim();
}

async function askedBy(id) {
  const authorization = `Bearer ${await token()}`;
  const orders = new GrpcWebClientBase({format: 'binary'});
  const order = await orders.unaryCall(
    `${api.origin}/shop.Orders/GetOrder`, {id}, {authorization}, getOrder);
  return order.askedBy;
}
// [end]

function show(text) {
  document.body.textContent = text;
}

askedBy('7').then(
  (name) => show(`OK, asked by ${name}`),
  (error) => {
    const code = Object.keys(StatusCode).find((name) => StatusCode[name] === error.code);
    show(`${code ?? 'failed:'} ${error.message}`);
  },
);
