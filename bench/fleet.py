#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a fleet on Lanyard asks of its issuer, by simulation: fetches of the JWK Set, tokens, and
revocations; and the cores that this takes, from measured costs.

Every instance verifies the tokens of one issuer and calls other services with tokens of its own.
When it asks for keys and tokens is decided by the rules of the C++ sources, with their constants
(CONSTANTS below; fleet_test.py holds that they are the same). One fleet was rolled out over a
while; the other was started at nearly the same time, as after an outage, which is what jitter is
for. Beside each stands the same one without jitter, and beside a flood of made-up key ids the same
flood without the cooldown between fetches for keys that are not known. With discovery_url each
fetch of the JWK Set comes with one of the metadata.

Usage: bench/fleet.py [--results FILE] [--instances N] ... (see --help)

Rows go to stdout, one JSON object a line; a table for people to stderr. The same seed gives the
same numbers.
"""

import argparse
import collections
import json
import math
import random
import sys

Constant = collections.namedtuple("Constant", "file name values")

# In seconds, unless the name says otherwise.
CONSTANTS = {
    "refresh": Constant("sdk/keys/remote_key_source.h", "refresh", [300]),
    "cooldowns": Constant("sdk/internal/key_refresh.cc", "kCooldowns", [1, 2, 5, 15, 30]),
    "absent_for": Constant("sdk/internal/key_refresh.cc", "kAbsentFor", [60]),
    "jitter_divisor": Constant("sdk/internal/key_refresh.cc", "random_() /", [10]),
    "early": Constant("sdk/tokens/caching_token_source.cc", "kEarly", [30]),
    "refresh_ahead": Constant("sdk/tokens/caching_token_source.cc", "kRefreshAhead", [60]),
    "token_jitter_divisor": Constant("sdk/tokens/caching_token_source.cc", "kJitterDivisor", [10]),
    "token_life": Constant("issuer/issuer_settings.cc", "access_token_lifetime(),", [600]),
    "key_stays": Constant("sdk/keys/key_rotation.cc", "kLongestRefresh", [3600]),
    "revoked_for": Constant("issuer/access_tokens.h", "kLongestTokenUse", [3900]),
    "feed_interval": Constant("issuer/revocation_feed.h", "interval", [0.2]),
    "heartbeat": Constant("issuer/revocation_watch.cc", "kHeartbeat", [5]),
}


def constant(name):
    values = CONSTANTS[name].values
    return values if len(values) > 1 else values[0]


# How long an answer takes. Only whether a token comes in the meantime depends on it.
_FETCH_SECONDS = 0.05

# Names of rows that --results may have, and what they are here.
_MEASURED = {
    "mint_us": ("mint/ES256", 1e-3),
    "verify_first_us": ("verify/first/ES256", 1e-3),
    "verify_cached_ns": ("verify/cached/1000", 1.0),
}
_IN_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6}


class KeyRefresh:
    """sdk/internal/key_refresh.cc while nothing fails, and for one missing key at a time."""

    def __init__(self, rng, jitter=True, cooldown=True):
        self._rng, self._jitter, self._has_cooldown = rng, jitter, cooldown
        self._next_regular = 0.0
        self._cool_until = 0.0
        self._cooldown = 0
        self._last_miss = -math.inf
        self._wanted_since = None  # When a token first named the key that no fetch has answered.
        self._absent_until = 0.0

    def _jittered(self, duration):
        if not self._jitter:
            return duration
        return duration * (1 - self._rng.random() / constant("jitter_divisor"))

    def next_fetch(self):
        if self._wanted_since is None:
            return self._next_regular
        return min(self._next_regular, max(self._cool_until, self._wanted_since))

    def miss(self, now):
        """A token names a key that the set lacks. Returns when it may ask again, if not now."""
        if now - self._last_miss > constant("absent_for"):
            self._cooldown = 0
        self._last_miss = now
        if now < self._absent_until:
            return self._absent_until
        if self._wanted_since is None:
            self._wanted_since = now
        return None

    def fetched(self, began, now, found, same_key=True):
        """`same_key` tells whether whoever misses it names the same key again."""
        for_missing = self._wanted_since is not None and began >= self._cool_until
        self._next_regular = now + self._jittered(constant("refresh"))
        if self._wanted_since is not None and self._wanted_since <= began:
            self._wanted_since = None
            if found:
                self._cooldown = 0
            elif same_key:
                self._absent_until = now + constant("absent_for")
        if for_missing and self._has_cooldown:
            cooldowns = constant("cooldowns")
            self._cool_until = now + self._jittered(cooldowns[self._cooldown])
            self._cooldown = min(self._cooldown + 1, len(cooldowns) - 1)


class PublishedKeys:
    """The issuer's JWK Set over time. Key k signs from k rotations on; it is published `ahead` of
    that, and until all who may have its tokens have fetched again."""

    def __init__(self, rotation, ahead, token_life):
        self.rotation, self._ahead = rotation, ahead
        self._stays = token_life + constant("key_stays") + 300

    def version(self, now):
        return (
            math.floor((now + self._ahead) / self.rotation),
            math.floor((now - self._stays) / self.rotation),
        )


class PerSecond:
    """How often something happened in each second from `begin` to `end`."""

    def __init__(self, begin, end):
        self._begin, self._counts = begin, [0] * int(end - begin)

    def add(self, when, times=1):
        second = math.floor(when - self._begin)
        if 0 <= second < len(self._counts):
            self._counts[second] += times

    def total(self):
        return sum(self._counts)

    def mean(self):
        return self.total() / len(self._counts)

    def peak(self):
        return max(self._counts)


class Fleet:
    def __init__(self, options, start_within):
        self.options = options
        self.begin = options.warm_up_hours * 3600
        self.end = self.begin + options.hours * 3600
        rng = self.rng("lives")
        # Of each place in the fleet: when the instances in it began, and the end.
        self.lives = []
        for _ in range(options.instances):
            starts = [rng.uniform(0, start_within)]
            while options.churn > 0 and starts[-1] < self.end:
                starts.append(starts[-1] + rng.expovariate(options.churn / 3600))
            self.lives.append(list(zip(starts, starts[1:] + [math.inf])))

    def rng(self, what):
        return random.Random(f"{self.options.seed}/{what}")

    def service_of(self, place):
        return place % self.options.services

    # Keys.

    def jwks(self, ahead, jitter=True, first_seen=None, trace=None):
        """Fetches per second; and the share that is answered 304, Not Modified.

        `first_seen` tells when the tokens of each key come to an instance of that service, a list
        by rotation; none if they always come after it was published long enough."""
        rng = self.rng(f"jwks {ahead}")
        keys = PublishedKeys(self.options.rotation, ahead, self.options.token_life)
        fetches, unchanged = PerSecond(self.begin, self.end), PerSecond(self.begin, self.end)
        for place, lives in enumerate(self.lives):
            sightings = first_seen[self.service_of(place)] if first_seen else []
            for begin, end in lives:
                refresh = KeyRefresh(rng, jitter)
                for due, is_new in self._fetches(
                    rng, keys, refresh, begin, min(end, self.end), sightings
                ):
                    fetches.add(due)
                    if not is_new:
                        unchanged.add(due)
                    if trace is not None:
                        trace.append((place, begin, due))
        return fetches, unchanged.total() / max(1, fetches.total())

    def _fetches(self, rng, keys, refresh, begin, end, sightings):
        """When one instance fetches, and whether the answer is another than it had."""
        options = self.options
        # Whoever has a token of the new key calls all instances in turn.
        rate = options.calls_per_second / options.targets * options.services / options.instances
        tokens = collections.deque(
            (seen, key)
            for key, minted in sightings
            if (seen := minted + rng.expovariate(rate)) > begin
        )
        now, version = begin, None
        while now < end:
            due = max(now, refresh.next_fetch())
            if version is not None and tokens and tokens[0][0] < due:
                now, key = tokens.popleft()
                if key > version[0]:
                    again = refresh.miss(now)
                    if again is not None:
                        tokens.appendleft((again, key))
                continue
            if due >= end:
                return
            now = due + _FETCH_SECONDS
            yield due, keys.version(due) != version
            version = keys.version(due)
            refresh.fetched(due, now, found=True)

    def flood(self, cooldown=True, trace=None):
        """Fetches per second while somebody sends made-up key ids to every instance."""
        rng, rate = self.rng("flood"), self.options.flood_tokens_per_second
        length = self.options.flood_minutes * 60
        fetches = PerSecond(0, length)
        for place in range(self.options.instances):
            refresh = KeyRefresh(rng, cooldown=cooldown)
            refresh.fetched(0, 0, found=True)
            now, token = 0.0, rng.expovariate(rate)
            while True:
                # What comes between the token that asks for a fetch and that fetch is answered by
                # it as well.
                refresh.miss(token)
                due = max(now, token, refresh.next_fetch())
                if due >= length:
                    break
                fetches.add(due)
                if trace is not None:
                    trace.append((place, due))
                now = due + _FETCH_SECONDS
                refresh.fetched(due, now, found=False, same_key=False)
                token = due + rng.expovariate(rate)
        return fetches

    # Tokens.

    def token_is_replaced_after(self):
        """RefreshTime() of caching_token_source.cc, from when it was fetched."""
        life, early = self.options.token_life, constant("early")
        return life - early - min(constant("refresh_ahead"), life / 5, (life - early) / 2)

    def mints(self, has_jitter=True):
        """Tokens per second; and when each service first gets a token of each key, by rotation.

        Each instance has a token for each service that it calls. A new one is fetched by the first
        call after the time for it, a part of which is random."""
        rng, options = self.rng("mints"), self.options
        after = self.token_is_replaced_after()
        jitter = 1 / constant("token_jitter_divisor") if has_jitter else 0
        call_rate = options.calls_per_second / options.targets
        mints = PerSecond(self.begin, self.end)
        first_seen = [{} for _ in range(options.services)]
        for lives in self.lives:
            for target in rng.sample(range(options.services), options.targets):
                for begin, end in lives:
                    now = begin + rng.expovariate(call_rate)
                    end = min(end, self.end)
                    while now < end:
                        mints.add(now)
                        key = math.floor(now / options.rotation)
                        seen = first_seen[target]
                        seen[key] = min(seen.get(key, math.inf), now)
                        now += after * (1 - jitter * rng.random()) + rng.expovariate(call_rate)
        return mints, [sorted(seen.items()) for seen in first_seen]

    # Revocations.

    def revocations(self):
        """What one stream brings: messages and bytes per second, and the bytes of a snapshot; and
        the bytes of an answer to who polls, by what is new in it."""
        rng, options = self.rng("revocations"), self.options
        interval = constant("feed_interval")
        messages, payload = PerSecond(self.begin, self.end), PerSecond(self.begin, self.end)
        polled = PerSecond(self.begin, self.end)
        written = tick = self.begin
        next_one = self.begin + rng.expovariate(options.revocations_per_second)
        while tick < self.end:
            batch = 0
            while next_one <= tick:
                batch += 1
                next_one += rng.expovariate(options.revocations_per_second)
            size = update_bytes(batch, options.issuer)
            polled.add(tick, size)
            if batch > 0 or tick - written >= constant("heartbeat"):
                written = tick
                messages.add(tick)
                payload.add(tick, size)
            tick += interval
        known = round(options.revocations_per_second * constant("revoked_for"))
        snapshot = update_bytes(known, options.issuer) + update_bytes(0, options.issuer)
        return messages, payload, snapshot, polled


# What gRPC, HTTP/2 and TLS put before and after a small message: a length prefix, a frame header,
# a record header, its content type and tag.
_FRAMING = 5 + 9 + 5 + 1 + 16


def _field(size):
    """A length-delimited field of a Protobuf message, with a one-byte tag."""
    return 1 + _varint(size) + size


def _varint(value):
    return max(1, math.ceil(value.bit_length() / 7))


def update_bytes(revocations, issuer):
    """A RevocationUpdate as it goes over the wire, with that many sessions."""
    timestamp = 1 + 5 + 1 + 5  # Seconds and nanoseconds.
    revocation = _field(len(issuer)) + _field(22) + _field(timestamp)
    kind, epoch, sequences = 2, _field(22), 2 * (1 + 4)
    return kind + epoch + sequences + revocations * _field(revocation) + _FRAMING


class Report:
    def __init__(self):
        self.rows = []

    def row(self, name, unit, value):
        self.rows.append((name, unit, round(value, 6)))

    def rate(self, name, unit, counts):
        self.row(f"{name}/mean", unit, counts.mean())
        self.row(f"{name}/peak", unit, counts.peak())

    def print(self):
        for name, unit, value in self.rows:
            print(json.dumps({"name": name, "unit": unit, "values": [value]}))
        for name, unit, value in self.rows:
            print(f"{name:<55} {value:>14,.2f} {unit}", file=sys.stderr)


def simulate(options):
    report = Report()
    fleets = {
        "rolled_out": Fleet(options, options.rollout),
        "restarted": Fleet(options, options.start_within),
    }
    mints = {}
    for how, fleet in fleets.items():
        mints[how], first_seen = fleet.mints()
        report.rate(f"fleet/mints/{how}/lanyard", "tokens/s", mints[how])
        report.rate(f"fleet/mints/{how}/no_jitter", "tokens/s", fleet.mints(has_jitter=False)[0])
        # A key that is published ahead is known everywhere when it signs.
        for when, ahead, sightings in (
            ("published_ahead", options.publish_ahead, None),
            ("signs_at_once", 0, first_seen),
        ):
            name = f"fleet/jwks/{how}/{when}"
            fetches, unchanged = fleet.jwks(ahead, first_seen=sightings)
            report.rate(f"{name}/lanyard", "requests/s", fetches)
            report.row(f"{name}/lanyard/not_modified", "share", unchanged)
            fetches, _ = fleet.jwks(ahead, jitter=False, first_seen=sightings)
            report.rate(f"{name}/no_jitter", "requests/s", fetches)

    fleet = fleets["rolled_out"]
    report.rate("fleet/jwks/flood/lanyard", "requests/s", fleet.flood())
    report.rate("fleet/jwks/flood/no_cooldown", "requests/s", fleet.flood(cooldown=False))

    messages, payload, snapshot, polled = fleet.revocations()
    streams = options.instances
    polls = streams / constant("feed_interval")
    new_streams = streams * options.churn / 3600
    report.row("fleet/revocations/stream/messages/mean", "messages/s", messages.mean() * streams)
    report.row("fleet/revocations/stream/messages/peak", "messages/s", messages.peak() * streams)
    report.row("fleet/revocations/stream/bytes/mean", "bytes/s", payload.mean() * streams)
    report.row("fleet/revocations/stream/bytes/peak", "bytes/s", payload.peak() * streams)
    report.row("fleet/revocations/snapshot", "bytes", snapshot)
    report.row("fleet/revocations/snapshots/mean", "bytes/s", snapshot * new_streams)
    # As often as a feed looks, for the same delay: a question and an answer each time.
    report.row("fleet/revocations/poll/messages/mean", "messages/s", 2 * polls)
    question = _FRAMING + _field(22) + 5
    report.row(
        "fleet/revocations/poll/bytes/mean",
        "bytes/s",
        polled.mean() * streams + polls * question,
    )

    # Each token is new to each instance that it is sent to, once.
    calls = options.instances * options.calls_per_second
    first_sights = mints["rolled_out"].mean() * min(
        options.instances / options.services,
        options.calls_per_second / options.targets * fleet.token_is_replaced_after(),
    )
    first = first_sights * options.verify_first_us / 1e6
    later = max(0, calls - first_sights) * options.verify_cached_ns / 1e9
    report.row("fleet/calls", "calls/s", calls)
    report.row("fleet/first_sights", "tokens/s", first_sights)
    for how, tokens in mints.items():
        report.row(f"fleet/cores/mint/{how}/mean", "cores", tokens.mean() * options.mint_us / 1e6)
        report.row(f"fleet/cores/mint/{how}/peak", "cores", tokens.peak() * options.mint_us / 1e6)
    report.row("fleet/cores/verify", "cores", first + later)
    report.row("fleet/cores/verify_without_cache", "cores", calls * options.verify_first_us / 1e6)
    return report


def measured(path):
    """The costs that earlier results hold, medians of their values."""
    found, rows = {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            rows[row["name"]] = row
    for option, (name, factor) in _MEASURED.items():
        if name in rows:
            values = sorted(rows[name]["values"])
            unit = _IN_NANOSECONDS[rows[name]["unit"]]
            found[option] = values[len(values) // 2] * unit * factor
        else:
            print(f"fleet: {path} has no {name}: the default stays", file=sys.stderr)
    return found


def parse(arguments):
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--results", help="JSON lines of earlier measurements, for the three costs")
    add("--instances", type=int, default=10_000)
    add("--services", type=int, default=1_000)
    add("--targets", type=int, default=5, help="services that each instance calls")
    add("--calls_per_second", type=float, default=100, help="of each instance")
    add("--rotation", type=float, default=3600, help="seconds")
    add("--publish_ahead", type=float, default=600, help="seconds; the least of RotateKeys()")
    add("--token_life", type=float, default=constant("token_life"), help="seconds")
    add("--churn", type=float, default=0.01, help="share of instances replaced in an hour")
    add("--rollout", type=float, default=1800, help="seconds over which one fleet was started")
    add("--start_within", type=float, default=10, help="the same of the one that was restarted")
    add("--revocations_per_second", type=float, default=1)
    add("--issuer", default="https://tokens.example.com", help="iss, for its length")
    add("--flood_tokens_per_second", type=float, default=1, help="made-up key ids, per instance")
    add("--flood_minutes", type=float, default=5)
    add("--warm_up_hours", type=float, default=1)
    add("--hours", type=float, default=2, help="what is counted, after the warm-up")
    add("--mint_us", type=float, default=60)
    add("--verify_first_us", type=float, default=70)
    add("--verify_cached_ns", type=float, default=300)
    add("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.results:
        # What the command line says goes first.
        parser.set_defaults(**measured(options.results))
        options = parser.parse_args(arguments)
    if max(options.rollout, options.start_within) > options.warm_up_hours * 3600:
        parser.error("the warm-up must not end before all have started")
    if not 1 <= options.targets <= options.services <= options.instances:
        parser.error("there must be: 1 <= targets <= services <= instances")
    return options


def main():
    options = parse(sys.argv[1:])
    for file, name, values in CONSTANTS.values():
        shown = ", ".join(f"{value:g}" for value in values)
        print(f"{file + ': ' + name:<62} {shown}", file=sys.stderr)
    simulate(options).print()


if __name__ == "__main__":
    main()
