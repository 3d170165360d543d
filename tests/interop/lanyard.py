# SPDX-License-Identifier: Apache-2.0
"""What the interop tests in Python share: the lanyard command line, and the count of checks."""

import base64
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ISSUER = "https://interop.example.test"
AUDIENCE = "orders"
SUBJECT = "svc:interop"

HMAC = ("HS256", "HS384", "HS512")
ALGORITHMS = HMAC + (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)

FOLDER = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TEST_TMPDIR"]))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims():
    """Of a good access token (RFC 9068), as another issuer would make it."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": SUBJECT,
        "client_id": SUBJECT,
        "jti": b64(os.urandom(9)),
        "iat": now,
        "exp": now + 300,
    }


def with_other_claims(token):
    """The token with another subject, under the old signature."""
    header, payload, signature = token.split(".")
    changed = json.loads(unb64(payload))
    changed["sub"] = "svc:admin"
    return ".".join((header, b64(json.dumps(changed).encode()), signature))


def with_other_signature(token):
    """The token with one bit of its signature flipped."""
    header, payload, signature = token.split(".")
    changed = bytearray(unb64(signature))
    changed[len(changed) // 2] ^= 1
    return ".".join((header, payload, b64(bytes(changed))))


def without_id(text):
    """The message of a refusal, with "ID" for the random id at its end."""
    return re.sub(r" \[lanyard [0-9a-f]{8}\]\Z", " [lanyard ID]", text)


class Lanyard:
    """The lanyard command line."""

    def __init__(self, binary):
        self._binary = binary
        self._files = 0

    def file(self, content="", suffix=""):
        """A new file with that content; "" only names one."""
        self._files += 1
        path = FOLDER / f"{self._files}{suffix}"
        if isinstance(content, dict):
            content = json.dumps(content)
        if content:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run(self, *arguments):
        """What it prints. Raises if it fails."""
        done = subprocess.run([self._binary, *arguments], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"lanyard {' '.join(arguments[:2])}: {done.stderr.strip()}")
        return done.stdout

    def new_key(self, algorithm, form="jwk", *more):
        """A file with a new private key."""
        path = self.file(suffix="." + form)
        self.run("key", "new", "--alg", algorithm, "--format", form, "--out", path, *more)
        return path

    def convert(self, path, form, private=False):
        """The key in another format, as text."""
        return self.run("key", "convert", path, "--format", form, *(["--private"] if private else []))

    def verifier_keys(self, path):
        """What verifiers get: the public half; of an HMAC secret, itself."""
        text = pathlib.Path(path).read_text()
        if text.startswith("{") and json.loads(text).get("kty") == "oct":
            return path
        return self.file(self.run("key", "public", path), ".public")

    def thumbprint(self, path):
        return self.run("key", "thumbprint", path).strip()

    def mint(self, path, algorithm):
        arguments = ["--key", path, "--alg", algorithm, "--issuer", ISSUER]
        return self.run(
            "token", "mint", *arguments, "--audience", AUDIENCE, "--subject", SUBJECT
        ).strip()

    def verify(self, path, algorithm, token):
        """The name of the failure, or "ok" if the claims that it prints are right too."""
        arguments = ["--jwks", path, "--alg", algorithm, "--issuer", ISSUER, "--audience", AUDIENCE]
        done = subprocess.run(
            [self._binary, "token", "verify", "--json", "--typ", "at+jwt", *arguments, "-"],
            input=token,
            capture_output=True,
            text=True,
            timeout=60,
        )
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return done.stderr.strip()
        if answer["ok"] != (done.returncode == 0):
            return f"exit code {done.returncode}"
        if not answer["ok"]:
            return answer["failure"]
        return "ok" if answer["claims"]["sub"] == SUBJECT else "another subject"


class Checks:
    """Counts what was tried. A check that fails is printed, and the others go on."""

    def __init__(self):
        self._passed = 0
        self._failed = 0

    @contextlib.contextmanager
    def check(self, *name):
        """One combination; whatever its body raises is its failure."""
        try:
            yield
            self._passed += 1
        except Exception as error:  # Of whatever type the other implementation has.
            self._failed += 1
            print(f"FAILED: {' '.join(name)}: {type(error).__name__}: {error}")

    def equal(self, got, wanted, *name):
        with self.check(*name):
            if got != wanted:
                raise AssertionError(f"got {got!r}, not {wanted!r}")

    def finish(self):
        """Says how many there were, and exits: 0 if there were some and all passed."""
        print(f"{self._passed + self._failed} combinations, {self._failed} failed")
        sys.exit(0 if self._passed and not self._failed else 1)
