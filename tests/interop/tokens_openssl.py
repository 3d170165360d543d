# SPDX-License-Identifier: Apache-2.0
"""Raw signatures and PEM files, to and from the openssl command line.

Usage: tokens_openssl.py LANYARD
"""

import json
import subprocess
import sys

import lanyard

_PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
_MGF1 = ("-sigopt", "rsa_mgf1_md:sha{bits}")

# For each algorithm: genpkey's options, and dgst's besides the hash.
_RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
_MAKE = {
    "RS": lambda bits: _RSA,
    "PS": lambda bits: _RSA,
    "ES": lambda bits: ("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{_CURVE[bits]}"),
    "Ed": lambda bits: ("-algorithm", "ED25519"),
}
_CURVE = {"256": "P-256", "384": "P-384", "512": "P-521"}
# Bytes of r and of s (RFC 7518 section 3.4).
_HALF = {"256": 32, "384": 48, "512": 66}


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {(done.stdout + done.stderr).decode().strip()}")
    return done.stdout


def _length(data, at):
    """A DER length (X.690 section 8.1.3), and where its content begins."""
    if data[at] < 0x80:
        return data[at], at + 1
    count = data[at] & 0x7F
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def raw_from_der(der, half):
    """r and s side by side, from a SEQUENCE of two INTEGERs."""
    at = _length(der, 1)[1]
    raw = b""
    for _ in range(2):
        size, at = _length(der, at + 1)
        raw += int.from_bytes(der[at : at + size], "big").to_bytes(half, "big")
        at += size
    return raw


def der_from_raw(raw):
    def block(tag, content):
        size = len(content)
        return bytes([tag]) + (bytes([size]) if size < 0x80 else bytes([0x81, size])) + content

    half = len(raw) // 2
    numbers = b""
    for part in (raw[:half], raw[half:]):
        number = int.from_bytes(part, "big")
        numbers += block(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))
    return block(0x30, numbers)


class OpenSsl:
    """Signs and verifies bytes as the algorithm wants them in a token."""

    def __init__(self, cli):
        self._cli = cli

    @staticmethod
    def _options(algorithm):
        bits = algorithm[2:]
        more = _PSS + tuple(word.format(bits=bits) for word in _MGF1) if algorithm[:2] == "PS" else ()
        return (f"-sha{bits}", *more)

    def sign(self, algorithm, key, data):
        if algorithm[:2] == "HS":
            secret = lanyard.unb64(json.load(open(key))["k"])
            mac = ("-mac", "HMAC", "-macopt", f"hexkey:{secret.hex()}")
            return openssl("dgst", "-binary", f"-sha{algorithm[2:]}", *mac, data=data)
        if algorithm == "EdDSA":
            signed = self._cli.file(data)
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", signed)
        signature = openssl("dgst", "-binary", *self._options(algorithm), "-sign", key, data=data)
        if algorithm[:2] == "ES":
            return raw_from_der(signature, _HALF[algorithm[2:]])
        return signature

    def verify(self, algorithm, public, data, signature):
        """Whether the signature is good."""
        if algorithm[:2] == "ES":
            signature = der_from_raw(signature)
        file = self._cli.file(signature)
        try:
            if algorithm == "EdDSA":
                openssl(
                    *("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public),
                    *("-sigfile", file, "-in", self._cli.file(data)),
                )
            else:
                options = self._options(algorithm)
                openssl("dgst", *options, "-verify", public, "-signature", file, data=data)
        except RuntimeError as error:
            # Everything else that fails is not the signature's fault.
            if "erification" in str(error):
                return False
            raise
        return True

    def token(self, algorithm, key, kid):
        header = {"alg": algorithm, "typ": "at+jwt", "kid": kid}
        parts = [lanyard.b64(json.dumps(part).encode()) for part in (header, lanyard.claims())]
        data = ".".join(parts)
        return f"{data}.{lanyard.b64(self.sign(algorithm, key, data.encode()))}"


def check_signatures(cli, checks, algorithm):
    tool = OpenSsl(cli)
    is_hmac = algorithm in lanyard.HMAC
    key = cli.new_key(algorithm, "jwk" if is_hmac else "pem")
    kid = json.load(open(key))["kid"] if is_hmac else cli.thumbprint(key)
    other = cli.new_key(algorithm, "jwk", f"--kid={kid}")
    public = cli.verifier_keys(key)
    with checks.check(algorithm, "signed by openssl, verified here"):
        token = tool.token(algorithm, key, kid)
        for wanted, keys, shown in (
            ("ok", public, token),
            ("BAD_SIGNATURE", public, lanyard.with_other_claims(token)),
            ("BAD_SIGNATURE", public, lanyard.with_other_signature(token)),
            ("BAD_SIGNATURE", cli.verifier_keys(other), token),
        ):
            got = cli.verify(keys, algorithm, shown)
            if got != wanted:
                raise AssertionError(f"got {got}, not {wanted}")
    ours = cli.mint(key, algorithm)
    if is_hmac:
        # The MAC has one right value.
        data, _, signature = ours.rpartition(".")
        made = tool.sign(algorithm, key, data.encode())
        checks.equal(lanyard.b64(made), signature, algorithm, "the same MAC by openssl")
        return
    pem, other_pem = (cli.file(cli.convert(path, "pem")) for path in (key, other))
    for wanted, there, shown, what in (
        (True, pem, ours, "as it is"),
        (False, pem, lanyard.with_other_claims(ours), "other claims"),
        (False, pem, lanyard.with_other_signature(ours), "another signature"),
        (False, other_pem, ours, "another key"),
    ):
        data, _, signature = shown.rpartition(".")
        with checks.check(algorithm, "minted here, by openssl:", what):
            got = tool.verify(algorithm, there, data.encode(), lanyard.unb64(signature))
            if got != wanted:
                raise AssertionError(f"got {got}")


def check_pems(cli, checks, algorithm):
    """A key in all the forms that openssl writes: it signs and verifies from each."""
    kind = algorithm[:2]
    pkcs8 = cli.file(openssl("genpkey", *_MAKE[kind](algorithm[2:])))
    forms = {"PKCS#8": pkcs8}
    # PKCS#1 or SEC1; Ed25519 has no other form than PKCS#8.
    if kind in ("RS", "PS"):
        traditional = cli.file(openssl("pkey", "-in", pkcs8, "-traditional"))
        forms["PKCS#1"] = traditional
    elif kind == "ES":
        traditional = cli.file(openssl("pkey", "-in", pkcs8, "-traditional"))
        forms["SEC1"] = traditional
        # Curve parameters before the key, as `openssl ecparam -genkey` writes them.
        curve = openssl("ecparam", "-name", _CURVE_NAME[algorithm])
        forms["SEC1 after EC PARAMETERS"] = cli.file(curve + open(traditional, "rb").read())
    spki = cli.file(openssl("pkey", "-in", pkcs8, "-pubout"))
    certificate = openssl("req", "-x509", "-new", "-key", pkcs8, "-subj", "/CN=interop", "-days", "1")
    publics = {
        "SPKI": spki,
        "certificate": cli.file(certificate),
        "certificate with text": cli.file(openssl("x509", "-text", data=certificate)),
    }
    thumbprint = cli.thumbprint(spki)
    for form, path in forms.items():
        with checks.check(algorithm, form, "private"):
            token = cli.mint(path, algorithm)
            for name, public in publics.items():
                got = cli.verify(public, algorithm, token)
                if got != "ok":
                    raise AssertionError(f"{name}: got {got}")
            # What the file begins with is what it says it is.
            first = open(path).readline().strip()
            wanted = {"PKCS#1": "RSA PRIVATE KEY", "SEC1": "EC PRIVATE KEY", "PKCS#8": "PRIVATE KEY"}
            if form in wanted and first != f"-----BEGIN {wanted[form]}-----":
                raise AssertionError(f"openssl wrote {first}")
    for form, path in {**forms, **publics}.items():
        checks.equal(cli.thumbprint(path), thumbprint, algorithm, form, "thumbprint")
        with checks.check(algorithm, form, "public half"):
            if cli.convert(path, "pem").split() != open(spki).read().split():
                raise AssertionError("another key")
    with checks.check(algorithm, "our PKCS#8 in openssl"):
        made = cli.file(cli.convert(pkcs8, "pem", private=True))
        openssl("pkey", "-in", made, "-check", "-noout")
        if openssl("pkey", "-in", made) != open(pkcs8, "rb").read():
            raise AssertionError("another file")


_CURVE_NAME = {"ES256": "prime256v1", "ES384": "secp384r1", "ES512": "secp521r1"}


def main():
    cli = lanyard.Lanyard(sys.argv[1])
    checks = lanyard.Checks()
    for algorithm in lanyard.ALGORITHMS:
        with checks.check(algorithm, "signatures"):
            check_signatures(cli, checks, algorithm)
        if algorithm not in lanyard.HMAC:
            with checks.check(algorithm, "PEM files"):
                check_pems(cli, checks, algorithm)
    checks.finish()


if __name__ == "__main__":
    main()
