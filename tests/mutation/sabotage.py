"""`make sabotage`: plants each mistake of `tests/sabotage/*.toml` in a copy, and runs the test that must catch it.

Options come from the environment: ONLY= a part of the names to play, empty for all; CHECK=1 plays none and only
says which texts are stale.

A mistake is not caught if its test passes. It is stale if its text does not occur exactly once in its file, if the
planted code does not compile, or if no test has that name. All three fail the campaign.
"""

import os
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tree import ROOT, Tree, features

# What `cargo nextest run` exits with: https://docs.rs/nextest-metadata (NextestExitCode).
NO_TESTS_RUN = 4
TEST_RUN_FAILED = 100
BUILD_FAILED = 101

KEYS = {"name", "promise", "file", "find", "replace", "package", "test"}


@dataclass(frozen=True)
class Mistake:
    """One entry; the keys are described in `tests/sabotage/README.md`."""

    name: str
    promise: str
    file: str
    find: str
    replace: str
    package: str
    test: str


def read() -> list[Mistake]:
    """All entries, grouped by package and file, so that consecutive builds share most of their work."""
    mistakes = []
    for file in sorted((ROOT / "tests" / "sabotage").glob("*.toml")):
        for entry in tomllib.loads(file.read_text())["mistake"]:
            if set(entry) != KEYS:
                sys.exit(f"error: {file.name}: {entry.get('name')}: the keys must be {', '.join(sorted(KEYS))}")
            mistakes.append(Mistake(**entry))
    names = [mistake.name for mistake in mistakes]
    for name in {name for name in names if names.count(name) > 1}:
        sys.exit(f"error: two mistakes are called {name}")
    return sorted(mistakes, key=lambda mistake: (mistake.package, mistake.file, mistake.test))


def runs(tree: Tree, package: str, tests: list[str]) -> tuple[int, str]:
    """The exit code of these tests, and what they printed."""
    chosen = " + ".join(f"test(={test})" for test in tests)
    command = ["nextest", "run", "--locked", "--package", package, *features(package)]
    command += ["--cargo-quiet", "--status-level", "fail", "--final-status-level", "none", "-E", chosen]
    done = tree.cargo(*command, captured=True)
    return done.returncode, done.stdout


def correct_code_passes(tree: Tree, mistakes: list[Mistake]) -> None:
    """A test that fails without any mistake proves nothing."""
    for package in sorted({mistake.package for mistake in mistakes}):
        print(f"the tests of {package} on the correct code", flush=True)
        tests = sorted({mistake.test for mistake in mistakes if mistake.package == package})
        code, output = runs(tree, package, tests)
        if code not in (0, NO_TESTS_RUN):
            print(output)
            sys.exit(f"error: {package}: the tests fail on the correct code")


def stale(root: Path, mistake: Mistake) -> str:
    """Why its text cannot be replaced; empty if it can."""
    file = root / mistake.file
    if not file.is_file():
        return f"STALE: {mistake.file} does not exist"
    count = file.read_text().count(mistake.find)
    return "" if count == 1 else f"STALE: its text occurs {count} times in {mistake.file}, not once"


def check(mistakes: list[Mistake]) -> None:
    """Fails if the text of any is stale: seconds, where playing them takes minutes."""
    reasons = {mistake.name: stale(ROOT, mistake) for mistake in mistakes}
    for name, reason in reasons.items():
        if reason:
            print(f"{name}: {reason}")
    count = sum(1 for reason in reasons.values() if reason)
    print(f"{len(mistakes) - count} of {len(mistakes)} mistakes of tests/sabotage still apply")
    sys.exit(1 if count else 0)


def play(tree: Tree, mistake: Mistake) -> str:
    """What became of it: caught, or the reason why not."""
    if reason := stale(tree.path, mistake):
        return reason
    file = tree.path / mistake.file
    correct = file.read_text()
    try:
        file.write_text(correct.replace(mistake.find, mistake.replace))
        code, output = runs(tree, mistake.package, [mistake.test])
    finally:
        file.write_text(correct)
    if code == TEST_RUN_FAILED:
        return "caught"
    if code == 0:
        return f"MISSED: {mistake.test} passes. The promise that it should keep: {mistake.promise}"
    if code == NO_TESTS_RUN:
        return f"STALE: {mistake.package} has no test {mistake.test}"
    reason = "the planted code does not compile" if code == BUILD_FAILED else f"nextest exited with {code}"
    return f"STALE: {reason}\n{output}"


def main() -> None:
    only = os.environ.get("ONLY", "")
    mistakes = [mistake for mistake in read() if only in mistake.name]
    if not mistakes:
        sys.exit(f"error: no mistake has {only} in its name")
    if os.environ.get("CHECK"):
        check(mistakes)
    began = time.monotonic()
    tree = Tree("a")
    tree.sync()
    correct_code_passes(tree, mistakes)
    failed = []
    for number, mistake in enumerate(mistakes, 1):
        started = time.monotonic()
        result = play(tree, mistake)
        if result != "caught":
            failed.append(mistake)
        took = time.monotonic() - started
        print(f"[{number:3}/{len(mistakes)}] {took:4.0f} s  {mistake.name}: {result}", flush=True)
    minutes = (time.monotonic() - began) / 60
    caught = len(mistakes) - len(failed)
    print(f"\n{caught} of {len(mistakes)} mistakes caught in {minutes:.1f} minutes")
    for mistake in failed:
        print(f"  not caught: {mistake.name} ({mistake.file}); replay: make sabotage ONLY={mistake.name}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
