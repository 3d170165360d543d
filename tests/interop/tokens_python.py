# SPDX-License-Identifier: Apache-2.0
"""Keys and tokens of all algorithms, to and from PyJWT and jwcrypto.

Usage: tokens_python.py LANYARD
"""

import json
import pathlib
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwcrypto import jwk, jws

import lanyard

# What each makes a key with; the secrets are as long as the hash (RFC 7518 section 3.2).
_CURVES = {"ES256": ("P-256", ec.SECP256R1), "ES384": ("P-384", ec.SECP384R1), "ES512": ("P-521", ec.SECP521R1)}


class PyJwt:
    """Tokens by PyJWT, keys by pyca/cryptography, which it builds on."""

    name = "PyJWT"
    bad_signature = jwt.InvalidSignatureError

    @staticmethod
    def new_pem(algorithm):
        if algorithm in _CURVES:
            key = ec.generate_private_key(_CURVES[algorithm][1]())
        elif algorithm == "EdDSA":
            key = ed25519.Ed25519PrivateKey.generate()
        else:
            key = rsa.generate_private_key(65537, 2048)
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @staticmethod
    def _key(text, algorithm):
        """A PEM goes to PyJWT as it is."""
        return jwt.PyJWK.from_json(text, algorithm).key if text.startswith("{") else text

    @classmethod
    def sign(cls, text, algorithm, kid):
        return jwt.encode(
            lanyard.claims(),
            cls._key(text, algorithm),
            algorithm,
            headers={"typ": "at+jwt", "kid": kid},
        )

    @classmethod
    def verify(cls, text, algorithm, token):
        return jwt.decode(
            token,
            cls._key(text, algorithm),
            [algorithm],
            issuer=lanyard.ISSUER,
            audience=lanyard.AUDIENCE,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )


class JwCrypto:
    name = "jwcrypto"
    bad_signature = jws.InvalidJWSSignature

    @staticmethod
    def new_key(algorithm):
        if algorithm in lanyard.HMAC:
            return jwk.JWK.generate(kty="oct", size=int(algorithm[2:]))
        if algorithm in _CURVES:
            return jwk.JWK.generate(kty="EC", crv=_CURVES[algorithm][0])
        if algorithm == "EdDSA":
            return jwk.JWK.generate(kty="OKP", crv="Ed25519")
        return jwk.JWK.generate(kty="RSA", size=2048)

    @staticmethod
    def key(text):
        return jwk.JWK.from_json(text) if text.startswith("{") else jwk.JWK.from_pem(text.encode())

    @classmethod
    def sign(cls, text, algorithm, kid):
        token = jws.JWS(json.dumps(lanyard.claims()))
        token.add_signature(
            cls.key(text), None, json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": kid})
        )
        return token.serialize(compact=True)

    @classmethod
    def verify(cls, text, algorithm, token):
        read = jws.JWS()
        read.allowed_algs = [algorithm]
        read.deserialize(token, cls.key(text), algorithm)
        return json.loads(read.payload)


_LIBRARIES = (PyJwt, JwCrypto)


def material(text):
    """The members of a JWK that are the key, without its id and what it is for."""
    return {k: v for k, v in json.loads(text).items() if k not in ("kid", "alg", "use", "key_ops")}


def text_of(path):
    return pathlib.Path(path).read_text()


class Test:
    def __init__(self, binary):
        self.cli = lanyard.Lanyard(binary)
        self.checks = lanyard.Checks()

    def both_ways(self, algorithm, path, form, what):
        """One private key: whatever one side signs, the other verifies, and nothing else."""
        cli, checks = self.cli, self.checks
        key = text_of(path)
        public = text_of(cli.verifier_keys(path))
        if form == "pem":
            public = cli.convert(path, "pem")
        public_path = cli.file(public)
        kid = cli.thumbprint(path) if form == "pem" else json.loads(public)["kid"]
        other_path = self.other_key(algorithm, kid)
        other = text_of(cli.verifier_keys(other_path))
        ours = cli.mint(path, algorithm)
        for library in _LIBRARIES:
            name = (algorithm, form, what, library.name)
            with checks.check(*name, "sign there, verify here"):
                theirs = library.sign(key, algorithm, kid)
                got = [
                    cli.verify(public_path, algorithm, token)
                    for token in (
                        theirs,
                        lanyard.with_other_claims(theirs),
                        lanyard.with_other_signature(theirs),
                        library.sign(text_of(other_path), algorithm, kid),
                        library.sign(text_of(other_path), algorithm, "another"),
                    )
                ]
                wanted = ["ok"] + ["BAD_SIGNATURE"] * 3 + ["UNKNOWN_KEY"]
                if got != wanted:
                    raise AssertionError(f"got {got}, not {wanted}")
            with checks.check(*name, "mint here, verify there"):
                if library.verify(public, algorithm, ours)["sub"] != lanyard.SUBJECT:
                    raise AssertionError("another subject")
            for refusal, key_there, token in (
                ("other claims", public, lanyard.with_other_claims(ours)),
                ("another signature", public, lanyard.with_other_signature(ours)),
                ("another key", other, ours),
            ):
                with checks.check(*name, "refused there:", refusal):
                    try:
                        library.verify(key_there, algorithm, token)
                    except library.bad_signature:
                        continue
                    raise AssertionError("accepted")

    def other_key(self, algorithm, kid):
        """Another key under the same id."""
        return self.cli.new_key(algorithm, "jwk", f"--kid={kid}")

    def round_trips(self, algorithm, path, what):
        """A private key as every form that both sides write, read by the other side."""
        cli, checks = self.cli, self.checks
        there = JwCrypto.key(text_of(path))
        is_hmac = algorithm in lanyard.HMAC
        name = (algorithm, what)
        checks.equal(cli.thumbprint(path), there.thumbprint(), *name, "thumbprint")
        wanted = material(there.export(private_key=True))
        forms = {"JWK": (cli.convert(path, "jwk", private=True), there.export(private_key=True))}
        if not is_hmac:
            forms["PEM"] = (
                cli.convert(path, "pem", private=True),
                there.export_to_pem(private_key=True, password=None).decode(),
            )
        for form, (from_here, from_there) in forms.items():
            with checks.check(*name, form, "round trip, here to there"):
                got = material(JwCrypto.key(from_here).export(private_key=True))
                if got != wanted:
                    raise AssertionError("another key")
            with checks.check(*name, form, "round trip, there to here"):
                got = material(cli.convert(cli.file(from_there), "jwk", private=True))
                if got != wanted:
                    raise AssertionError("another key")
        if is_hmac:
            return
        public = material(there.export_public())
        pem_there = there.export_to_pem().decode()
        with checks.check(*name, "public JWK and PEM"):
            for got in (
                material(cli.convert(path, "jwk")),
                material(JwCrypto.key(cli.convert(path, "pem")).export_public()),
                material(cli.convert(cli.file(pem_there), "jwk")),
            ):
                if got != public:
                    raise AssertionError("another key")
        checks.equal(cli.convert(path, "pem").split(), pem_there.split(), *name, "public PEM")
        with checks.check(*name, "JWK Set"):
            found = jwk.JWKSet.from_json(cli.convert(path, "jwks"))
            if [material(key.export_public()) for key in found["keys"]] != [public]:
                raise AssertionError("another key")
            keys = jwk.JWKSet()
            keys.add(there)
            got = cli.convert(cli.file(keys.export(private_keys=False)), "jwk")
            if material(got) != public:
                raise AssertionError("another key")

    def run(self):
        cli = self.cli
        for algorithm in lanyard.ALGORITHMS:
            keys = [(cli.new_key(algorithm), "jwk", "key made here")]
            theirs = json.loads(JwCrypto.new_key(algorithm).export(private_key=True))
            keys.append((cli.file(dict(theirs, kid="theirs", alg=algorithm)), "jwk", "key made there"))
            if algorithm not in lanyard.HMAC:
                keys.append((cli.new_key(algorithm, "pem"), "pem", "key made here"))
                keys.append((cli.file(PyJwt.new_pem(algorithm)), "pem", "key made there"))
            for path, form, what in keys:
                self.both_ways(algorithm, path, form, what)
                self.round_trips(algorithm, path, f"{form}, {what}")
        self.checks.finish()


if __name__ == "__main__":
    Test(sys.argv[1]).run()
