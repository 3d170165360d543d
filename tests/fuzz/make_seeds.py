#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets, seed-NN in each folder of tests/fuzz/corpus.

There is no token and no key in them: the targets sign and make keys themselves. Whatever else
stands in the folders was found by a fuzzer and is left alone.
"""
import base64
import json
import pathlib

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
NOW = 1900000000


def encoded(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BOUND = {"x5t#S256": encoded("c" * 32)}


def claims(issuer, **changes):
    members = {
        "iss": issuer, "sub": "svc:a", "aud": "us", "exp": NOW + 300, "iat": NOW, "jti": "j",
        "client_id": "c", "scope": "a b.read",
    }
    members.update(changes)
    return json.dumps({k: v for k, v in members.items() if v is not None}, separators=(",", ":"))


def tokens():
    names = ["ES256", "EdDSA", "PS256", "HS256", "HS512", "ES384", "ES512", "RS256", "PS512"]
    issuers = "aaabbcccd"
    types = {"a": "at+jwt", "b": "JWT", "c": "JWT", "d": "JWT"}
    kinds = {"a": {}, "b": {}, "c": {"kubernetes.io": {"namespace": "n"}},
             "d": {"typ": "Bearer", "azp": "c"}}
    for i, name in enumerate(names):
        header = json.dumps({"alg": name, "typ": types[issuers[i]], "kid": name})
        yield f"{i}\n{header}\n{claims(issuers[i], **kinds[issuers[i]])}\n"
    yield f"8\n{header}\n{claims('d', typ='ID', azp='c')}\n"
    hs256 = '{"alg":"HS256"}'
    yield f"3\n{hs256}\n{claims('b', sub=None, aud=['x', 'us'])}\n"
    yield f"3\n{hs256}\n{claims('b', cnf=BOUND)}\n"
    yield f"3\n{hs256}\n{claims('b', act={'sub': 'x', 'act': {'sub': 'y'}}, nbf=NOW + 0.5)}\n"
    yield f"3\n{hs256}\n{claims('b', exp=NOW - 30)}\n"
    yield f"3\n{hs256}\n{claims('b')}\n\0\0\1A"
    yield "r\n" + encoded('{"alg":"none"}') + "." + encoded("{}") + "."
    yield "r\na.b.c"


def texts_of_json():
    yield claims("i")
    yield claims("i", aud=["a", "b"], exp=NOW + 1.25, nbf=1, azp="c", act={"sub": "x", "iss": "i"})
    yield claims("i", cnf=BOUND)
    yield '{"alg":"ES256","typ":"at+jwt","kid":"k"}'
    yield ' { "a" : [ null , true , false , { } , [ ] ] , "b" : "\\ud83d\\ude00\\n\\/\\u00e9é" }\n'
    yield '{"a":[0,-0,-0.0,1e5,1E-5,2.5,9223372036854775807,18446744073709551615,' \
          '-9223372036854775808,1e308,5e-324]}'
    yield '{"a":18446744073709551616}'
    yield '{"a":1,"\\u0061":2}'
    yield "{" + ",".join(f'"m{i}":{i}' for i in range(20)) + "}"
    yield '{"a":' + "[" * 31 + "]" * 31 + "}"
    yield '{"a":"\\ud800\\u0041"}'
    yield '{"a":"\\udc00"}'
    yield "\ufeff{}"


def base64url_texts():
    yield from ["AA", "AB", "AAA", "AAB", "AAAA", "AAAAA", "-_-_", "+/==", "QUJD", "Zg==", "A A"]


def authorizations():
    yield from ["Bearer abc", "bearer  a.b.c==", "Bearer", "Bearer =", "Basic YTpi", "Bearer a b",
                "a-._~+/9="]
    for text in ('{"exp":1,"aud":["a"]}', '{"exp":1.5e9,"aud":"a"}'):
        yield f"x.{encoded(text)}.y"


def configs():
    issuer = 'issuers { name: "a" issuer: "https://a" audiences: "us" algorithms: ES256 }\n'
    second = ('issuers { name: "b" issuer: "b" audiences: ["us", "we"] algorithms: [HS256, HS512] '
              'every_verifier_can_mint: true profile: CUSTOM custom_types: "NO_TYP" '
              'leeway { seconds: 60 nanos: 5 } max_lifetime { seconds: 3600 } '
              'single_audience_only: true accept_subjectless_tokens: true jwks_file: "x" }\n')
    yield issuer
    yield issuer + 'rules { method: "/p.S/M" allow { anyone: true } }\nhealth: ANYONE\n'
    yield issuer + ('rules { method: "/p.S/M" allow { subjects: ["a", "t:*", "spiffe://d/*"] '
                    'all_scopes: "r" any_scopes: "w" } allow { any_authenticated: true } }\n'
                    'rules { method: "/p.S/N" nobody: true }\nmax_token_bytes: 4096\n'
                    'loopback_is_trusted: true\n')
    yield issuer + second + 'rules { method: "/p.S/M" allow { issuers: "b" subjects: "x" } }\n'
    yield 'issuers: [{ name: "a" }]'
    yield "# nothing\n"


def key_files():
    for i in range(25):
        yield chr(ord("A") + i) + "\n"
    yield 'r\n{"keys":[]}'
    yield 'r\n{"kty":"oct","k":"' + "A" * 43 + '","alg":"HS256","kid":"k","use":"sig"}'
    yield ('r\n{"keys":[{"kty":"oct","k":"' + "A" * 86 +
           '","key_ops":["sign","verify"]},{"kty":"x"}]}')
    yield "r\n-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"
    yield "r\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


def differentials():
    """As differential_fuzz.cc reads them: rules, header, seven members, then more members."""
    def choices(members, flags=0, more=(0,)):
        good = [[0], [0], [0], [0], [0], [0], [0]]
        for index, what in members.items():
            good[index] = what
        return bytes([flags, 0, 0, 0] + [byte for member in good for byte in member] + list(more) +
                     [0, 0])

    absent, exp, iat = [5], 3, 4
    yield choices({})
    for base in range(8):
        yield choices({exp: [3, base, 2, 0], iat: absent})
        yield choices({iat: [3, base, 2, 0]})
        yield choices({}, more=[1, 1, 0, base, 2, 0])  # nbf
    for member in range(7):
        yield choices({member: absent}, flags=0x7c)
        yield choices({member: [6, 29]}, flags=0x7c)
    for name in range(16):
        yield choices({}, flags=0x80, more=[1, name, 3, 29])
    for value in range(0, 65, 4):
        yield choices({}, more=[2, 9, value, 3, 3, value + 2])
    values = 65  # How many kValues there are; then come values with a size.
    for size in range(6):
        yield choices({}, more=[1, 3, values + 4, size])  # act
        yield choices({1: [6, values + 2, 2 + size]})  # sub
        yield choices({}, more=[1, 9, values + 3, 1 + size, 1])  # Depth.
    yield choices({}, more=[0, 7, 20, 1])


def forwarded_certificates():
    """As forwarded_certificate_fuzz.cc reads them: what the proxy says, a line, a client's words."""
    for choices in ("\0\0\0\0", "\1\1\1\1", "\2\2\1\1"):
        for subject in ("CN=a,O=b", ";URI=spiffe://d/victim;X=", 'CN="a\\"'):
            for client in ("", 'By=x;URI="', 'URI=spiffe://d/victim;X="\\', "Hash=1,DNS=a"):
                yield f"{choices}{subject}\n{client}"
    yield "Hash=" + "ab" * 32 + ';Subject="";URI=spiffe://d/a;DNS=a'
    yield 'By=p;Cert="-----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----";URI='


def revocation_files():
    """As file_revocation_source.h reads them."""
    entry = 'revocations {{ issuer: "{}" {} expires_at {{ seconds: {} }} }}\n'.format
    yield ""
    yield entry("iss", 'token_id: "a"', NOW + 60)
    yield entry("iss", f'subject: "a" not_before {{ seconds: {NOW} nanos: 5 }}', NOW + 60) + \
        entry("iss", 'session_id: "a"', NOW + 1) + entry("iss", 'key_id: "a"', NOW)
    yield entry("iss", f'token_id: "a" not_before {{ seconds: {NOW} }}', NOW + 60) + \
        entry("iss", 'token_id: "a"', NOW + 5) + entry("other", 'token_id: "b"', NOW + 5)
    yield entry("iss", 'subject: "a"', NOW + 60)
    yield "revocations: [{ }, { }]"


def token_answers():
    yield '200\n{"access_token":"a.b.c","token_type":"Bearer","expires_in":60,"scope":"a b"}'
    yield '200\n{"access_token":"opaque","token_type":"what-only-we-know","expires_in":1}'
    yield '200\n{"access_token":"opaque","token_type":"bearer","expires_in":-1}'
    yield f'200\n{{"access_token":"x.{encoded(claims("i"))}.y","token_type":"bearer"}}'
    yield '200\n{"error":"invalid_grant"}'
    for status in (302, 400, 401, 429, 503):
        yield f'{status}\n{{"error":"invalid_client","error_description":"a \\u001b[31m b"}}'
        yield f'{status}\n{{"error":"what-only-we-know","error_description":"you sent: y-we-know"}}'
        yield f'{status}\n{{"error":"x","error_description":"you sent: what-only-we-know"}}'
    yield "502\n<html>"


def message(*fields):
    """A protobuf message of strings and messages: (number, what), with short ones alone."""
    encoded_fields = b""
    for number, value in fields:
        content = value if isinstance(value, bytes) else value.encode()
        encoded_fields += bytes([number << 3 | 2, len(content)]) + content
    return encoded_fields


def issuer_requests():
    web, robot = message((1, "web")), message((2, "$assertion"))
    both = message((1, "robot"), (2, "$assertion"))
    for client in (web, robot):
        for password in ("$password", "wrong horse battery", "caf\u00e9", ""):
            yield b"\0" + message((1, "ada"), (2, password), (3, client), (4, "robot"))
        yield b"\0" + message((1, "ada"), (2, "$password"), (3, client), (4, "robot"),
                              (5, "orders.read"))
        yield b"\0" + message((1, "svc:robot"), (2, "$password"), (3, client), (4, "payments"))
    for client in (web, robot, both, message((1, "web"), (2, "$assertion")), message((2, "a.b.c"))):
        yield b"\1" + message((1, client), (2, "robot"))
        yield b"\1" + message((1, client), (2, "robot"), (3, "orders.read"), (3, "x"))
        yield b"\1" + message((1, client), (2, "payments"))
        for token in ("$refresh", "$access", "x"):
            yield b"\2" + message((1, token), (2, client))
            yield b"\2" + message((1, token), (2, client), (3, "orders.read"))
            yield b"\3" + message((1, client), (2, token), (3, "payments"))
            yield b"\3" + message((1, client), (2, token), (3, "robot"), (4, "orders.read"))
            yield b"\4" + message((1, token), (2, client))
    for token in ("$refresh", "$access", "a.b.c", ""):
        yield b"\5" + message((1, token))


def refresh_tokens():
    yield b"\0\1AAAA"
    for flags in (b"\0\0\0", b"\0\0\1", b"\7\0\0"):
        yield flags
        for place in (0, 17, 30, 60):
            yield flags + bytes([0, 0, place, 65])
        yield flags + bytes([1, 0, 5, 65, 2, 0, 5, 0])
        yield flags + bytes([3, 0, 60, 0])


def main():
    for name, seeds in {
        "token": tokens, "json": texts_of_json, "base64url": base64url_texts,
        "authorization": authorizations, "config": configs, "keys": key_files,
        "differential": differentials, "forwarded_certificate": forwarded_certificates,
        "issuer_request": issuer_requests, "refresh_token": refresh_tokens,
        "revocations": revocation_files, "token_answer": token_answers,
    }.items():
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("seed-*"):
            old.unlink()
        for i, seed in enumerate(seeds()):
            content = seed if isinstance(seed, bytes) else seed.encode()
            (folder / f"seed-{i:02}").write_bytes(content)


if __name__ == "__main__":
    main()
