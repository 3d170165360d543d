# SPDX-License-Identifier: Apache-2.0
"""Calls the gated Echo server over TLS with Debian's grpcio, without generated code.

Usage: grpc_python.py ECHO_SERVER
"""

import pathlib
import subprocess
import sys

import grpc

import lanyard

_TIMEOUT = 30
_ECHO = "/lanyard.test.Echo/"
_CODE = grpc.StatusCode

# What each caller is told, by the file that its token is in; None sends no token.
_REFUSED = {
    None: (_CODE.UNAUTHENTICATED, "missing token"),
    "expired": (_CODE.UNAUTHENTICATED, "token expired"),
    "early": (_CODE.UNAUTHENTICATED, "token not yet valid"),
    "elsewhere": (_CODE.UNAUTHENTICATED, "wrong audience"),
    "other": (_CODE.UNAUTHENTICATED, "invalid token"),
    "not a token": (_CODE.UNAUTHENTICATED, "invalid token"),
}


def message(text):
    """The bytes of Message{text}, of fewer than 128 bytes."""
    return b"\x0a" + bytes([len(text)]) + text.encode()


def text_of(data):
    if data[:1] != b"\x0a" or data[1] != len(data) - 2:
        raise ValueError(f"no Message with a short text: {data!r}")
    return data[2:].decode()


def as_form(code, details):
    """The code and the message, with its random id made regular."""
    return code, lanyard.without_id(details)


def refused(code, text):
    return code, f"{text} [lanyard ID]"


class Client:
    """Every kind of call; each gives the replies, or the code and message of its refusal."""

    def __init__(self, channel):
        codec = {"request_serializer": message, "response_deserializer": text_of}
        self._unary = {
            name: channel.unary_unary(_ECHO + name, **codec)
            for name in ("Unary", "Open", "Scoped", "Unruled", "Nothing")
        }
        self._collect = channel.stream_unary(_ECHO + "Collect", **codec)
        self._repeat = channel.unary_stream(_ECHO + "Repeat", **codec)
        self._chat = channel.stream_stream(_ECHO + "Chat", **codec)

    def call(self, method, metadata=()):
        try:
            if method in self._unary:
                return [self._unary[method]("hi", timeout=_TIMEOUT, metadata=metadata)]
            if method == "Collect":
                return [self._collect(iter(["a", "b"]), timeout=_TIMEOUT, metadata=metadata)]
            if method == "Repeat":
                return list(self._repeat("hi", timeout=_TIMEOUT, metadata=metadata))
            return list(self._chat(iter(["a", "b", "c"]), timeout=_TIMEOUT, metadata=metadata))
        except grpc.RpcError as error:
            return as_form(error.code(), error.details())


def bearer(token, scheme="Bearer"):
    return () if token is None else (("authorization", f"{scheme} {token}"),)


def run(checks, address, root, tokens):
    tls = grpc.ssl_channel_credentials(root)
    me = ["svc:test"]
    replies = {"Unary": me, "Collect": me, "Repeat": me, "Chat": me * 3}
    valid = tokens["valid"]
    denied = refused(_CODE.PERMISSION_DENIED, "permission denied")
    with grpc.secure_channel(address, tls) as channel:
        call = Client(channel).call
        for method, wanted in replies.items():
            checks.equal(call(method, bearer(valid)), wanted, method, "allowed")
            for name, (code, text) in _REFUSED.items():
                token = name and tokens.get(name, name)
                got = call(method, bearer(token))
                checks.equal(got, refused(code, text), method, name or "no token")
        for method, name, wanted in (
            ("Scoped", "valid", denied),
            ("Scoped", "writer", me),
            ("Unruled", "writer", denied),
            ("Nothing", "writer", refused(_CODE.UNIMPLEMENTED, "unknown method")),
            ("Nothing", None, refused(_CODE.UNAUTHENTICATED, "missing token")),
            ("Open", None, ["(anonymous)"]),
            ("Open", "valid", me),
        ):
            got = call(method, bearer(tokens.get(name)))
            checks.equal(got, wanted, method, name or "no token")
        # The scheme's name has no case (RFC 9110 section 11.1).
        checks.equal(call("Unary", bearer(valid, "bearer")), me, "lower-case scheme")
        invalid = refused(_CODE.UNAUTHENTICATED, "invalid token")
        checks.equal(call("Unary", bearer(valid) * 2), invalid, "two tokens")
        checks.equal(call("Unary", bearer(valid, "Basic")), invalid, "another scheme")
    # The way that other libraries send a token: as call credentials of the channel.
    both = grpc.composite_channel_credentials(tls, grpc.access_token_call_credentials(valid))
    with grpc.secure_channel(address, both) as channel:
        for method, wanted in replies.items():
            checks.equal(Client(channel).call(method), wanted, method, "call credentials")
    with grpc.insecure_channel(address) as channel:
        code, _ = Client(channel).call("Unary", bearer(valid))
        checks.equal(code, _CODE.UNAVAILABLE, "without TLS")


def main():
    checks = lanyard.Checks()
    server = subprocess.Popen(
        [sys.argv[1], str(lanyard.FOLDER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        port, root = (server.stdout.readline().strip() for _ in range(2))
        if not root:
            sys.exit("FAILED: the server did not start")
        tokens = {path.name: path.read_text() for path in lanyard.FOLDER.iterdir()}
        with checks.check("calls"):
            run(checks, f"127.0.0.1:{port}", pathlib.Path(root).read_bytes(), tokens)
        server.stdin.close()
        checks.equal(server.wait(timeout=_TIMEOUT), 0, "no handler saw a token")
    finally:
        server.kill()
    checks.finish()


if __name__ == "__main__":
    main()
