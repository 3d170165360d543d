// SPDX-License-Identifier: Apache-2.0
//
// The npm package oidc-provider as an OpenID provider over HTTPS, on a free port of 127.0.0.1.
//
// Usage: oidc_provider.mjs --certificate FILE --key FILE [OPTIONS]
//
//   --client-keys FILE    a JWK Set: the public keys of the "signing" clients
//   --client-ca FILE      the authority of the certificates that clients show
//   --issuer URL          iss, where it is not https://localhost:PORT
//   --algorithm NAME      the provider signs with; once or more (default: all that are not HMAC)
//   --ttl SECONDS         how long access tokens live (default: 10 minutes)
//   --port PORT           where it serves, for one that comes back after a crash
//   --signing-keys FILE   where its signing keys are kept, so that they are the same when it does
//
// Prints {"port": PORT} once it serves, and exits when standard input is closed.
//
// Clients, for each algorithm; what is issued to them is signed with it:
//   secret-ALGORITHM      authenticates with client_secret "secret" in the form
//   basic-ALGORITHM       authenticates with client_secret BASIC_SECRET below in the header
//   signing-ALGORITHM     authenticates with private_key_jwt of that algorithm (RFC 7523)
//   showing-ALGORITHM     authenticates with a certificate for SHOWN_NAME (RFC 8705), where there
//                         is a --client-ca
//
// Routes are those of the discovery document, and:
//   POST /token           with grant_type=client_credentials and resource=URI or audience=URI: a
//                         JWT access token for that audience; scopes are SCOPES below
//   POST /token           with grant_type=urn:lanyard:login: what the client has once USER has
//                         logged in; see login(). With ttl=SECONDS its access token lives so long
//   POST /token           with the grant of token_exchange.mjs (RFC 8693)
//   GET /count            {"token_requests": how often /token has been asked}
//   POST /me              with access_token of such a login: userinfo as a JWT
//   POST /rotate          new signing keys under new ids; form: algorithm (default: all) and
//                         keep=yes, which goes on publishing the old ones
//
// The ids of keys are "ALGORITHM-1", after the first rotation "ALGORITHM-2", and so on.
import {once} from 'node:events';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:https';
import {text} from 'node:stream/consumers';
import {parseArgs} from 'node:util';

import {ALGORITHMS, isHmac, load} from './lanyard.mjs';
import {extraClaims, PARAMETERS, TOKEN_EXCHANGE, tokenExchange} from './token_exchange.mjs';

const jose = load('jose');
const {default: Provider, errors} = await import(load.resolve('oidc-provider'));

const SIGNING = ALGORITHMS.filter((algorithm) => !isHmac(algorithm));
const SCOPES = 'orders.read orders.write';
const USER = 'alice';
const LOGIN = 'urn:lanyard:login';
const BASIC_SECRET = 'a secret: 100% +/=&?';
const SHOWN_NAME = 'checkout.example.test';

// Standard output is for the port.
console.info = console.warn;

const string = {type: 'string'};
const {values: options} = parseArgs({
  options: {
    'certificate': string,
    'key': string,
    'client-keys': string,
    'client-ca': string,
    'issuer': string,
    'algorithm': {...string, multiple: true, default: SIGNING},
    'ttl': {...string, default: '600'},
    'port': {...string, default: '0'},
    'signing-keys': string,
  },
});
const algorithms = options.algorithm;
const clientKeys =
    options['client-keys'] ? JSON.parse(readFileSync(options['client-keys'], 'utf8')) : {keys: []};

// By algorithm, the newest first.
const signingKeys = Object.fromEntries(algorithms.map((algorithm) => [algorithm, []]));
const rotations = {};
let tokenRequests = 0;

async function rotate(which, keep) {
  for (const alg of which) {
    const {privateKey} = await jose.generateKeyPair(alg, {
      extractable: true,
      crv: alg === 'EdDSA' ? 'Ed25519' : undefined,
    });
    rotations[alg] = (rotations[alg] ?? 0) + 1;
    const key = {...await jose.exportJWK(privateKey), alg, use: 'sig', kid: `${alg}-${rotations[alg]}`};
    signingKeys[alg] = [key, ...keep ? signingKeys[alg] : []];
  }
}

function client(client_id, algorithm, authentication) {
  return {
    client_id,
    grant_types: ['client_credentials', LOGIN, TOKEN_EXCHANGE],
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: algorithm,
    userinfo_signed_response_alg: algorithm,
    introspection_signed_response_alg: algorithm,
    authorization_signed_response_alg: algorithm,
    ...authentication,
  };
}

const clients = algorithms.flatMap((algorithm) => [
  client(`secret-${algorithm}`, algorithm, {
    token_endpoint_auth_method: 'client_secret_post',
    client_secret: 'secret',
  }),
  client(`basic-${algorithm}`, algorithm, {
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: BASIC_SECRET,
  }),
  client(`showing-${algorithm}`, algorithm, {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: SHOWN_NAME,
  }),
  client(`signing-${algorithm}`, algorithm, {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: algorithm,
    jwks: clientKeys,
  }),
]);

function resourceServer(ctx, audience, {idTokenSignedResponseAlg: alg}) {
  return {
    audience,
    scope: SCOPES,
    accessTokenTTL: Number(options.ttl),
    accessTokenFormat: 'jwt',
    jwt: {sign: {alg, kid: signingKeys[alg][0].kid}},
  };
}

// The certificate that the client showed, if it did.
const certificateOf = (ctx) => ctx.socket.getPeerX509Certificate();

// A grant that stands for a user who has logged in and consented. Answers with every kind of JWT
// that oidc-provider signs, each called as oidc-provider's own code calls it.
async function login(ctx) {
  const {provider, client} = ctx.oidc;
  const grant = new provider.Grant({accountId: USER, clientId: client.clientId});
  grant.addOIDCScope('openid');
  const tokenOf = {accountId: USER, client, grantId: await grant.save(), gty: LOGIN};
  const opaque = await new provider.AccessToken({...tokenOf, scope: 'openid'}).save();
  const {ttl} = ctx.oidc.params;
  const forResource = new provider.AccessToken(
      {...tokenOf, scope: SCOPES, expiresIn: ttl && Number(ttl)});
  forResource.resourceServer = new provider.ResourceServer(
      ctx.oidc.params.resource, resourceServer(ctx, ctx.oidc.params.resource, client));

  const issue = (use, claims, extra) => {
    const token = new provider.IdToken(claims, {ctx});
    token.scope = 'openid';
    for (const [name, value] of Object.entries(extra)) token.set(name, value);
    return token.issue({use});
  };
  const user = {sub: USER};
  ctx.body = {
    access_token: opaque,  // For /me.
    resource_token: await forResource.save(),
    id_token: await issue('idtoken', user, {nonce: 'n', at_hash: opaque, sid: 'session'}),
    plain_id_token: await issue('idtoken', user, {}),
    logout_token: await issue('logout', user, {
      events: {'http://schemas.openid.net/event/backchannel-logout': {}},
      jti: 'logout',
      sid: 'session',
    }),
    introspection: await issue('introspection', {}, {
      token_introspection: {active: true, client_id: client.clientId, scope: SCOPES, sub: USER},
    }),
    authorization_response: await issue('authorization', {}, {code: 'code', state: 'state'}),
  };
}

let handle;

// The provider reads its keys when it is made.
function remake(issuer) {
  const provider = new Provider(issuer, {
    clients,
    jwks: {keys: Object.values(signingKeys).flat()},
    cookies: {keys: ['no cookie is set']},
    enabledJWA: Object.fromEntries(
        ['clientAuth', 'idToken', 'userinfo', 'introspection', 'authorization'].map(
            (what) => [`${what}SigningAlgValues`, SIGNING])),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth'],
    features: {
      clientCredentials: {enabled: true},
      devInteractions: {enabled: false},
      introspection: {enabled: true},
      jwtIntrospection: {enabled: true},
      jwtResponseModes: {enabled: true},
      jwtUserinfo: {enabled: true},
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        getCertificate: certificateOf,
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
            property === 'tls_client_auth_san_dns' && certificateOf(ctx).checkHost(expected) !== undefined,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => ctx.oidc.body?.audience,
        getResourceServerInfo: resourceServer,
      },
    },
    extraTokenClaims: extraClaims,
    findAccount: (ctx, id) => ({accountId: id, claims: () => ({sub: id})}),
  });
  provider.registerGrantType(LOGIN, login, ['resource', 'ttl']);
  const keys = () => Object.values(signingKeys).flat();
  provider.registerGrantType(
      TOKEN_EXCHANGE, tokenExchange({errors, issuer, keys, resourceServer}), PARAMETERS);
  provider.on('server_error', (ctx, error) => console.error(error));
  handle = provider.callback();
}

const server = createServer(
    {
      cert: readFileSync(options.certificate),
      key: readFileSync(options.key),
      ...options['client-ca'] && {
        ca: readFileSync(options['client-ca']),
        requestCert: true,
        rejectUnauthorized: false,  // Not all clients have one.
      },
    },
    async (request, response) => {
      if (request.url === '/token') ++tokenRequests;
      if (request.url === '/count') {
        return response.end(JSON.stringify({token_requests: tokenRequests}));
      }
      if (request.method !== 'POST' || request.url !== '/rotate') return handle(request, response);
      const form = new URLSearchParams(await text(request));
      await rotate(form.has('algorithm') ? [form.get('algorithm')] : algorithms, form.has('keep'));
      remake(issuer);
      response.end();
    });
await once(server.listen(Number(options.port), '127.0.0.1'), 'listening');
const {port} = server.address();
const issuer = options.issuer ?? `https://localhost:${port}`;
const kept = options['signing-keys'];
if (kept && existsSync(kept)) {
  Object.assign(signingKeys, JSON.parse(readFileSync(kept, 'utf8')));
} else {
  await rotate(algorithms, false);
  if (kept) writeFileSync(kept, JSON.stringify(signingKeys));
}
remake(issuer);
console.log(JSON.stringify({port}));
process.stdin.on('end', () => process.exit()).resume();
