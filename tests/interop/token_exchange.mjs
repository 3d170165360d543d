// SPDX-License-Identifier: Apache-2.0
//
// OAuth 2.0 Token Exchange (RFC 8693) for oidc-provider, which has none of its own: an access token
// for another of the same issuer, sub kept, with whoever acts in act.
import {load} from './lanyard.mjs';

const jose = load('jose');

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

// What the grant takes.
export const PARAMETERS = [
  'actor_token', 'actor_token_type', 'audience', 'requested_token_type', 'resource', 'scope',
  'subject_token', 'subject_token_type',
];

// Targets beyond these are nobody whom this issuer knows.
const KNOWN_TARGETS = /^https:\/\/[a-z]+\.example\.test$/;

// Who acts, by the token that is being made.
const actors = new WeakMap();

const publicHalf = ({kty, crv, x, y, n, e, alg, kid}) => ({kty, crv, x, y, n, e, alg, kid});

// The handler. `keys` gives the issuer's signing keys, `resourceServer` what is known of a target,
// `errors` are oidc-provider's. A token that is refused is an invalid_request (section 2.2.2).
export function tokenExchange({errors, issuer, keys, resourceServer}) {
  async function verify(params, name) {
    if (params[`${name}_type`] !== ACCESS_TOKEN) {
      throw new errors.InvalidRequest(`${name}_type must be ${ACCESS_TOKEN}`);
    }
    try {
      const known = jose.createLocalJWKSet({keys: keys().map(publicHalf)});
      const {payload} = await jose.jwtVerify(
          params[name], known, {issuer, typ: 'at+jwt', requiredClaims: ['sub', 'exp', 'client_id']});
      return payload;
    } catch (error) {
      const why = error.code.toLowerCase().replaceAll('_', ' ');
      throw new errors.InvalidRequest(`${name}: ${why}`);
    }
  }

  return async (ctx) => {
    const {provider, client, params} = ctx.oidc;
    const subject = await verify(params, 'subject_token');
    const actor = params.actor_token ? await verify(params, 'actor_token') : undefined;
    if (actor && actor.client_id !== client.clientId) {
      throw new errors.InvalidRequest('actor_token: another client\'s');
    }
    const target = params.resource ?? params.audience;
    if (!KNOWN_TARGETS.test(target)) throw new errors.InvalidTarget('unknown target');
    const allowed = (subject.scope ?? '').split(' ');
    const scopes = params.scope?.split(' ') ?? [];
    if (!scopes.every((scope) => allowed.includes(scope))) {
      throw new errors.InvalidScope('more than the caller may', params.scope);
    }

    const server = resourceServer(ctx, target, client);
    const left = subject.exp - Math.floor(Date.now() / 1000);
    const token = new provider.AccessToken({
      accountId: subject.sub,
      client,
      expiresIn: Math.min(server.accessTokenTTL, left),
      gty: TOKEN_EXCHANGE,
      resourceServer: new provider.ResourceServer(target, server),
      scope: scopes.join(' ') || undefined,
    });
    if (actor) actors.set(token, {sub: actor.sub, ...subject.act && {act: subject.act}});
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope: token.scope,
    };
  };
}

// What a token has beyond what oidc-provider writes.
export const extraClaims = (ctx, token) => actors.has(token) ? {act: actors.get(token)} : undefined;
