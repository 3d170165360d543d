#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The simulation of a fleet: its constants are those of the sources, and its sums are right."""

import collections
import os
import pathlib
import re
import sys
import unittest

# Nothing is written beside the sources.
sys.dont_write_bytecode = True
import fleet  # noqa: E402

_SECONDS = {"Milliseconds": 0.001, "Seconds": 1, "seconds": 1, "Minutes": 60, "Hours": 3600}


def options(*arguments):
    small = ["--instances=40", "--services=8", "--targets=2", "--churn=0.5", "--hours=2"]
    return fleet.parse([*small, *arguments])


def fleet_of(*arguments):
    chosen = options(*arguments)
    return fleet.Fleet(chosen, chosen.start_within)


def gaps(times):
    return [b - a for a, b in zip(times, times[1:])]


def by_instance(trace):
    times = collections.defaultdict(list)
    for *who, when in trace:
        times[tuple(who)].append(when)
    return times.values()


class ConstantsTest(unittest.TestCase):
    def test_are_those_of_the_sources(self):
        # The source tree: bench/'s own, wherever Bazel runs this.
        root = pathlib.Path(os.path.realpath(__file__)).parent.parent
        for file, name, values in fleet.CONSTANTS.values():
            with self.subTest(file=file, name=name):
                text = (root / file).read_text()
                found = re.search(rf"(?<!\w){re.escape(name)}([^;]*);", text)
                self.assertIsNotNone(found)
                durations = re.findall(r"(?:absl::|chrono::)(\w+)\((\d+)\)", found[1])
                if durations:
                    seconds = [_SECONDS[unit] * int(number) for unit, number in durations]
                else:
                    seconds = [int(re.search(r"\d+", found[1])[0])]
                self.assertEqual(seconds, values)


class KeysTest(unittest.TestCase):
    def test_each_instance_fetches_within_the_interval_and_its_jitter(self):
        trace = []
        fleet_of().jwks(600, trace=trace)
        refresh = fleet.constant("refresh")
        for times in by_instance(trace):
            for gap in gaps(times):
                self.assertGreaterEqual(gap, refresh * 0.9)
                self.assertLessEqual(gap, refresh + 1)

    def test_as_many_fetches_as_intervals(self):
        chosen = fleet_of("--instances=400", "--churn=0")
        fetches, _ = chosen.jwks(600)
        expected = 400 * 2 * 3600 / (fleet.constant("refresh") * 0.95)
        self.assertAlmostEqual(fetches.total(), expected, delta=0.01 * expected)

    def test_without_jitter_the_fleet_stays_together(self):
        chosen = fleet_of("--instances=400", "--churn=0")
        together, _ = chosen.jwks(600, jitter=False)
        spread, _ = chosen.jwks(600)
        self.assertGreater(together.peak(), 2 * spread.peak())

    def test_a_key_that_signs_at_once_costs_each_instance_at_most_one_fetch_more(self):
        chosen = fleet_of("--churn=0", "--start_within=1800")
        _, first_seen = chosen.mints()
        ahead, at_once = [], []
        chosen.jwks(0, trace=ahead)
        chosen.jwks(0, first_seen=first_seen, trace=at_once)
        rotations = 3
        self.assertGreater(len(at_once), len(ahead))
        self.assertLessEqual(len(at_once), len(ahead) + 40 * rotations)

    def test_a_set_that_did_not_change_is_not_sent_again(self):
        # In the time that is counted no key is added, and one goes: that of the rotation before.
        fetches, unchanged = fleet_of("--churn=0", "--rotation=1000000").jwks(0)
        self.assertAlmostEqual(fetches.total() * (1 - unchanged), 40)

    def test_no_two_fetches_of_an_instance_within_the_cooldown_of_a_flood(self):
        trace = []
        fleet_of("--flood_tokens_per_second=5", "--flood_minutes=4").flood(trace=trace)
        for times in by_instance(trace):
            cooldowns = fleet.constant("cooldowns")
            for i, gap in enumerate(gaps(times)):
                self.assertGreaterEqual(gap, 0.9 * cooldowns[min(i, len(cooldowns) - 1)])
            # 1 + 2 + 5 + 15 s, and each 27 to 30 s from then on.
            self.assertLessEqual(len(times), 5 + (240 - 23 * 0.9) / 27)

    def test_without_the_cooldown_a_flood_passes_through(self):
        chosen = fleet_of("--flood_tokens_per_second=2")
        self.assertAlmostEqual(chosen.flood(cooldown=False).mean(), 2 * 40, delta=5)


class MintsTest(unittest.TestCase):
    def test_are_as_many_as_lives_of_tokens(self):
        chosen = fleet_of("--instances=400", "--churn=0", "--calls_per_second=1")
        mints, _ = chosen.mints()
        # A token of ten minutes: 30 s early, a minute ahead, less a twentieth on the average; then
        # the next call asks for another.
        self.assertEqual(chosen.token_is_replaced_after(), 600 - 30 - 60)
        expected = 400 * 2 * 2 * 3600 / (510 * 19 / 20 + 2)
        self.assertAlmostEqual(mints.total(), expected, delta=0.02 * expected)

    def test_a_short_life_is_used_for_half_of_what_can_be(self):
        self.assertEqual(fleet_of("--token_life=60").token_is_replaced_after(), 60 - 30 - 12)
        self.assertEqual(fleet_of("--token_life=40").token_is_replaced_after(), 40 - 30 - 5)

    def test_churn_mints_anew(self):
        calm, _ = fleet_of("--churn=0").mints()
        busy, _ = fleet_of("--churn=20").mints()
        self.assertGreater(busy.total(), calm.total())

    def test_a_service_sees_a_key_after_it_signs(self):
        chosen = fleet_of()
        _, first_seen = chosen.mints()
        for seen in first_seen:
            for key, when in seen:
                self.assertGreaterEqual(when, key * chosen.options.rotation)


class RevocationsTest(unittest.TestCase):
    def test_silence_is_a_heartbeat_each_five_seconds(self):
        messages, payload, _, _ = fleet_of("--revocations_per_second=1e-9").revocations()
        self.assertAlmostEqual(messages.mean(), 1 / 5, delta=0.01)
        empty = fleet.update_bytes(0, "https://tokens.example.com")
        self.assertEqual(payload.total(), messages.total() * empty)

    def test_a_message_for_each_look_that_finds_something(self):
        messages, _, _, _ = fleet_of("--revocations_per_second=1000").revocations()
        self.assertAlmostEqual(messages.mean(), 1 / fleet.constant("feed_interval"), delta=0.01)

    def test_every_revocation_goes_out_once(self):
        messages, payload, _, _ = fleet_of("--revocations_per_second=10").revocations()
        issuer = "https://tokens.example.com"
        one = fleet.update_bytes(1, issuer) - fleet.update_bytes(0, issuer)
        revoked = (payload.total() - messages.total() * fleet.update_bytes(0, issuer)) / one
        self.assertAlmostEqual(revoked, 10 * 2 * 3600, delta=0.02 * 10 * 2 * 3600)


class ReportTest(unittest.TestCase):
    def test_the_same_seed_gives_the_same_rows(self):
        self.assertEqual(fleet.simulate(options()).rows, fleet.simulate(options()).rows)
        self.assertNotEqual(
            fleet.simulate(options()).rows, fleet.simulate(options("--seed=2")).rows
        )

    def test_costs_come_from_results_and_what_is_said_goes_first(self):
        path = os.path.join(os.environ.get("TEST_TMPDIR", "/tmp"), f"fleet-{os.getpid()}")
        with open(path, "w", encoding="utf-8") as file:
            file.write('{"name": "mint/ES256", "unit": "ns", "values": [9, 40000, 90000]}\n')
        try:
            self.assertEqual(options(f"--results={path}").mint_us, 40)
            self.assertEqual(options(f"--results={path}", "--mint_us=3").mint_us, 3)
        finally:
            os.remove(path)


if __name__ == "__main__":
    unittest.main()
