// SPDX-License-Identifier: Apache-2.0
//
// Keys and tokens of all algorithms, to and from the npm package jose.
//
// Usage: tokens_node.mjs LANYARD
import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';

import {
  ALGORITHMS, assert, AUDIENCE, Checks, equal, isHmac, ISSUER, Lanyard, load, SUBJECT,
  withOtherClaims, withOtherSignature,
} from './lanyard.mjs';

const jose = load('jose');
const cli = new Lanyard(process.argv[2]);
const checks = new Checks();
const BAD_SIGNATURE = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';

const isJson = (text) => text.startsWith('{');
const read = (path) => readFileSync(path, 'utf8');

function privateKey(text, algorithm) {
  return isJson(text) ? jose.importJWK(JSON.parse(text), algorithm) : jose.importPKCS8(text, algorithm);
}
function publicKey(text, algorithm) {
  return isJson(text) ? jose.importJWK(JSON.parse(text), algorithm) : jose.importSPKI(text, algorithm);
}

async function sign(text, algorithm, kid) {
  return new jose.SignJWT({client_id: SUBJECT, jti: randomUUID()})
      .setProtectedHeader({alg: algorithm, typ: 'at+jwt', kid})
      .setIssuer(ISSUER)
      .setSubject(SUBJECT)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(await privateKey(text, algorithm));
}

// As a careful service would: everything that jose can check is asked for.
async function verify(text, algorithm, token) {
  const {payload} = await jose.jwtVerify(token, await publicKey(text, algorithm), {
    algorithms: [algorithm],
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
    requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
  });
  equal(payload.sub, SUBJECT);
}

// The members of a JWK that are the key, without its id and what it is for.
function material({kid, alg, use, key_ops, ext, ...rest}) {
  return rest;
}
const materialOf = (text) => material(JSON.parse(text));

// One private key: whatever one side signs, the other verifies, and nothing else.
async function bothWays(algorithm, path, format, what) {
  const key = read(path);
  const form = format === 'pem' ? cli.convert(path, 'pem') : read(cli.verifierKeys(path));
  const publicPath = cli.file(form);
  const kid = format === 'pem' ? cli.thumbprint(path) : JSON.parse(form).kid;
  // Another key under the same id.
  const otherPath = cli.newKey(algorithm, 'jwk', `--kid=${kid}`);
  const other = read(cli.verifierKeys(otherPath));
  const name = `${algorithm} ${format} ${what}`;

  await checks.check(`${name}: sign there, verify here`, async () => {
    const theirs = await sign(key, algorithm, kid);
    const tokens = [
      theirs, withOtherClaims(theirs), withOtherSignature(theirs),
      await sign(read(otherPath), algorithm, kid), await sign(read(otherPath), algorithm, 'another'),
    ];
    equal(
        tokens.map((token) => cli.verify(publicPath, algorithm, token)),
        ['ok', 'BAD_SIGNATURE', 'BAD_SIGNATURE', 'BAD_SIGNATURE', 'UNKNOWN_KEY']);
  });
  const ours = cli.mint(path, algorithm);
  await checks.check(`${name}: mint here, verify there`, () => verify(form, algorithm, ours));
  await checks.refused(
      `${name}: refused there: other claims`, BAD_SIGNATURE,
      () => verify(form, algorithm, withOtherClaims(ours)));
  await checks.refused(
      `${name}: refused there: another signature`, BAD_SIGNATURE,
      () => verify(form, algorithm, withOtherSignature(ours)));
  await checks.refused(
      `${name}: refused there: another key`, BAD_SIGNATURE, () => verify(other, algorithm, ours));
  if (isHmac(algorithm)) return;

  // The key is looked up by kid, as services do.
  await checks.check(`${name}: JWK Set there`, async () => {
    const set = JSON.parse(cli.run('key', 'public', path, '--format', 'jwks'));
    equal(set.keys.length, 1);
    const {payload} = await jose.jwtVerify(
        cli.mint(path, algorithm), jose.createLocalJWKSet(set), {algorithms: [algorithm]});
    equal(payload.sub, SUBJECT);
  });
}

// A private key in every form that both sides write, read by the other side.
async function roundTrips(algorithm, path, what) {
  const jwk = JSON.parse(cli.convert(path, 'jwk', '--private'));
  const name = `${algorithm} ${what}`;
  await checks.check(`${name}: thumbprint`, async () => {
    equal(cli.thumbprint(path), await jose.calculateJwkThumbprint(jwk));
  });
  if (isHmac(algorithm)) {
    await checks.check(`${name}: JWK round trip`, async () => {
      const there = await jose.exportJWK(await jose.importJWK(jwk, algorithm));
      equal(material(there), material(jwk));
      equal(materialOf(cli.convert(cli.file(there), 'jwk', '--private')), material(jwk));
    });
    return;
  }
  const pem = cli.convert(path, 'pem', '--private');
  const publicPem = cli.convert(path, 'pem');
  const publicJwk = materialOf(cli.convert(path, 'jwk'));
  const squeezed = (text) => text.replace(/\s/g, '');
  for (const [form, text] of [['JWK', JSON.stringify({...jwk, ext: true})], ['PEM', pem]]) {
    await checks.check(`${name}: private ${form} round trip`, async () => {
      const there = isJson(text) ? await jose.importJWK(JSON.parse(text), algorithm) :
                                   await jose.importPKCS8(text, algorithm, {extractable: true});
      const exported = await jose.exportJWK(there);
      equal(material(exported), material(jwk));
      equal(materialOf(cli.convert(cli.file(exported), 'jwk', '--private')), material(jwk));
      const pkcs8 = await jose.exportPKCS8(there);
      equal(materialOf(cli.convert(cli.file(pkcs8), 'jwk', '--private')), material(jwk));
      equal(squeezed(pkcs8), squeezed(pem));
    });
    await checks.check(`${name}: public ${form} round trip`, async () => {
      const there = isJson(text) ? await jose.importJWK({...publicJwk, ext: true}, algorithm) :
                                   await jose.importSPKI(publicPem, algorithm, {extractable: true});
      const exported = await jose.exportJWK(there);
      equal(material(exported), publicJwk);
      equal(materialOf(cli.convert(cli.file(exported), 'jwk')), publicJwk);
      const spki = await jose.exportSPKI(there);
      equal(materialOf(cli.convert(cli.file(spki), 'jwk')), publicJwk);
      equal(squeezed(spki), squeezed(publicPem));
    });
  }
}

// Private keys that jose makes, as a JWK file and, if there is such a form, a PEM file.
async function keysMadeThere(algorithm) {
  const options = {extractable: true, crv: algorithm === 'EdDSA' ? 'Ed25519' : undefined};
  const made = isHmac(algorithm) ? await jose.generateSecret(algorithm, options) :
                                   (await jose.generateKeyPair(algorithm, options)).privateKey;
  const jwk = {...await jose.exportJWK(made), kid: 'theirs', alg: algorithm, use: 'sig'};
  const files = [['jwk', cli.file(jwk)]];
  if (!isHmac(algorithm)) files.push(['pem', cli.file(await jose.exportPKCS8(made))]);
  return files;
}

for (const algorithm of ALGORITHMS) {
  const keys = [['jwk', cli.newKey(algorithm), 'key made here']];
  if (!isHmac(algorithm)) keys.push(['pem', cli.newKey(algorithm, 'pem'), 'key made here']);
  await checks.check(`${algorithm}: keys made there`, async () => {
    const theirs = await keysMadeThere(algorithm);
    assert(theirs.length > 0, 'none');
    for (const [format, path] of theirs) keys.push([format, path, 'key made there']);
  });
  for (const [format, path, what] of keys) {
    await bothWays(algorithm, path, format, what);
    await roundTrips(algorithm, path, `${format}, ${what}`);
  }
}
checks.finish();
