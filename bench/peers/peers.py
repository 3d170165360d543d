# SPDX-License-Identifier: Apache-2.0
"""How long PyJWT takes to check the tokens of //bench:peer_tokens, for orientation.

Usage: /usr/bin/python3 bench/peers/peers.py TOKENS [--rounds=7]

Rows go to stdout, one JSON object a line; what is skipped, and why, to stderr.
"""

import argparse
import base64
import json
import sys
import time

_TURN = 0.1  # Seconds.


def say(text):
    print(f"peers.py: {text}", file=sys.stderr)


def read(path):
    with open(path, encoding="ascii") as file:
        return [line.split() for line in file]


def tampered(token, part):
    """The token with another character in the middle of that part."""
    parts = token.split(".")
    middle = len(parts[part]) // 2
    other = "B" if parts[part][middle] == "A" else "A"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    return ".".join(parts)


def check_of(jwt, algorithm, key, issuer, audience):
    """A function that says whether a token is good. Keys are read once, as PyJWT allows."""
    if not algorithm.startswith("HS"):
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        key = load_pem_public_key(key)

    def check(token, issuer=issuer, audience=audience):
        try:
            jwt.decode(token, key, [algorithm], issuer=issuer, audience=audience)
        except jwt.InvalidTokenError:
            return False
        return True

    return check


def measure(check, token):
    """Nanoseconds for one token."""
    start = time.perf_counter()
    times, batch, took = 0, 1, 0.0
    while took < _TURN:
        for _ in range(batch):
            if not check(token):
                sys.exit("peers.py: a good token was refused")
        times += batch
        batch *= 2
        took = time.perf_counter() - start
    return took / times * 1e9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tokens")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    try:
        import cryptography  # noqa: F401
        import jwt
    except ImportError as error:
        say(f"SKIPPED: PyJWT: {error}; bench/install installs it")
        return
    say(f"PyJWT {jwt.__version__}, cryptography {cryptography.__version__}")
    rows = []
    for algorithm, issuer, audience, key, token in read(arguments.tokens):
        check = check_of(jwt, algorithm, base64.b64decode(key), issuer, audience)
        refused = [
            check(tampered(token, 1)),
            check(tampered(token, 2)),
            check(token, issuer=issuer + "x"),
            check(token, audience=audience + "x"),
        ]
        if not check(token) or any(refused):
            sys.exit(f"peers.py: {algorithm}: a wrong verdict")
        rows.append((f"peer/PyJWT/{algorithm}", check, token, []))
    for number in range(arguments.rounds):
        say(f"round {number + 1} of {arguments.rounds}")
        for _, check, token, values in rows:
            values.append(round(measure(check, token), 1))
    for name, _, _, values in rows:
        print(json.dumps({"name": name, "unit": "ns", "values": values}))


if __name__ == "__main__":
    main()
