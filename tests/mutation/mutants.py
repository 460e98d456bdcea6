"""`make mutants`: cargo-mutants over everything that decides, records or classifies.

Options come from the environment: SEED= chooses the sample, SAMPLE= its size (0 for all mutants), FILE= one file instead
of all, MINIMUM= the lowest accepted score in percent.

Each mutant meets the tests of its own package first; a survivor in a deciding crate then meets the tests of all deciding
crates, the plans of the CLI for every event file, and the simulation's slice. A mutant is

- caught: a test fails, or the tests do not end in time;
- missed: all tests pass. Those of `accepted.toml` change nothing observable, and are left out of the score;
- unviable: it does not compile, so it says nothing.
"""

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tree import BELOW_CORE, DECIDING, FEATURES, REACHING, ROOT, Tree

SCOPE = [
    "shared/names/src/**", "shared/policy/src/**", "shared/core/src/**", "shared/ledger/src/**", "shared/runtime/src/**",
    "functions/*/src/**", "cli/src/**",
]
# Wiring: each line would be noticed by the stories only, which run the binaries.
WIRING = "functions/*/src/main.rs"

# Seconds after which a test run counts as endless: many times what the correct code takes.
OWN_TESTS = 60
ALL_TESTS = 400

OUTCOMES = {"CaughtMutant": "caught", "MissedMutant": "missed", "Timeout": "timeout", "Unviable": "unviable"}


@dataclass(frozen=True)
class Mutant:
    """One mutant, by the name that cargo-mutants gives it."""

    name: str
    file: str
    package: str
    line: str
    number: int

    @property
    def change(self) -> str:
        """What is changed, without the place."""
        return self.name.split(": ", 1)[1]


def listed(file: str) -> list[Mutant]:
    """All mutants in scope, in cargo-mutants' order."""
    globs = [file] if file else SCOPE
    command = ["cargo", "mutants", "--list", "--json", "--exclude", WIRING]
    for glob in globs:
        command += ["--file", glob]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    sources: dict[str, list[str]] = {}
    found = []
    for entry in json.loads(out):
        path = entry["file"]
        lines = sources.setdefault(path, (ROOT / path).read_text().splitlines())
        number = entry["span"]["start"]["line"]
        found.append(Mutant(entry["name"], path, entry["package"], lines[number - 1].strip(), number))
    return found


def as_diff(tree: Tree, mutants: list[Mutant]) -> str:
    """A diff that adds just these mutants' lines. cargo-mutants 27.1 holds the deletion of a field against no name."""
    text = ""
    for file in sorted({mutant.file for mutant in mutants}):
        lines = (tree.path / file).read_text().splitlines()
        text += f"--- a/{file}\n+++ b/{file}\n"
        for before, number in enumerate(sorted({mutant.number for mutant in mutants if mutant.file == file})):
            text += f"@@ -{number - 1 - before},0 +{number},1 @@\n+{lines[number - 1]}\n"
    return text


def run(tree: Tree, part: str, mutants: list[Mutant], options: list[str], seconds: int) -> dict[str, str]:
    """Runs cargo-mutants on these in the copy: what became of each, by name."""
    output = tree.path.parent / part
    names = [f"^{re.escape(mutant.name)}$" for mutant in mutants]
    # Python escapes spaces and more than cargo-mutants' regular expressions allow.
    names = [re.sub(r"\\([^.+*?()|\[\]{}^$\\])", r"\1", name) for name in names]
    config = tree.path.parent / f"{part}.toml"
    config.write_text(f"examine_re = {json.dumps(names, ensure_ascii=False)}\n")
    diff = tree.path.parent / f"{part}.diff"
    diff.write_text(as_diff(tree, mutants))
    files = sorted({mutant.file for mutant in mutants})
    command = ["cargo", "mutants", "--dir", str(tree.path), "--in-place", "--config", str(config), "--output", str(output)]
    command += ["--in-diff", str(diff), "--test-tool", "nextest", "--baseline", "skip", "--timeout", str(seconds), "--build-timeout", "900"]
    command += ["--no-times", "--caught", "--unviable", *options]
    for file in files:
        command += ["--file", file]
    command += ["--", "--max-fail", "1:immediate"]
    process = subprocess.Popen(
        command, cwd=tree.path, env=tree.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    other = []
    for line in process.stdout:
        if re.match(r"(caught|MISSED|TIMEOUT|unviable|ok)\b", line):
            print(f"{part:8} {line.rstrip()}", flush=True)
        else:
            other.append(line)
    process.wait()
    report = output / "mutants.out" / "outcomes.json"
    if not report.is_file():
        sys.exit(f"error: cargo-mutants exited with {process.returncode}\n{''.join(other)}")
    results = {}
    for outcome in json.loads(report.read_text())["outcomes"]:
        if isinstance(outcome["scenario"], dict):
            results[outcome["scenario"]["Mutant"]["name"]] = OUTCOMES[outcome["summary"]]
    lost = [mutant.name for mutant in mutants if mutant.name not in results]
    if lost:
        sys.exit(f"error: cargo-mutants did not run {lost[0]} and {len(lost) - 1} others\n{''.join(other)}")
    return results


def packages(names: list[str]) -> list[str]:
    return [word for name in names for word in ("--test-package", name)]


def first_stage(trees: list[Tree], sample: list[Mutant]) -> dict[str, str]:
    """Each mutant against its own package's tests: the deciding crates in both copies side by side."""
    below = [mutant for mutant in sample if mutant.package in BELOW_CORE]
    deciding = [mutant for mutant in sample if mutant.package in DECIDING and mutant not in below]
    reaching = [mutant for mutant in sample if mutant.package in REACHING]
    # The second copy takes the crates that reach AWS too: their SDKs are compiled once.
    cut = max(0, min(len(deciding), (len(sample) + len(reaching) - len(below)) // 2))
    results: dict[str, str] = {}
    failed: list[BaseException] = []

    def work(tree: Tree, parts: list[tuple[str, list[Mutant], list[str]]]) -> None:
        try:
            for part, mutants, options in parts:
                if mutants:
                    results.update(run(tree, part, mutants, options, OWN_TESTS))
        except BaseException as cause:  # Also the exit of the thread: the whole run fails with it.
            failed.append(cause)

    parts = [
        [("below", below, []), ("first", deciding[:cut], FEATURES)],
        [("reaching", reaching, []), ("second", deciding[cut:], FEATURES)],
    ]
    threads = [threading.Thread(target=work, args=pair) for pair in zip(trees, parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return results


def second_stage(tree: Tree, survivors: list[Mutant]) -> dict[str, str]:
    """Survivors in deciding crates against everything that runs their code in seconds."""
    print(f"\n{len(survivors)} survived the tests of their own package; the simulation's slice judges them", flush=True)
    options = [*FEATURES, *packages([*DECIDING, "trimtab-cli", "trimtab-sim"])]
    return run(tree, "slice", survivors, options, ALL_TESTS)


def accepted() -> list[dict[str, str]]:
    """Survivors that change nothing observable, each with its reason."""
    return tomllib.loads((ROOT / "tests" / "mutation" / "accepted.toml").read_text()).get("accepted", [])


def is_accepted(mutant: Mutant, entries: list[dict[str, str]]) -> bool:
    place = (mutant.file, mutant.change, mutant.line)
    return any((entry["file"], entry["change"], entry["line"]) == place for entry in entries)


def stale(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """Accepted survivors that are no mutants any more."""
    everything = listed("")
    places = {(mutant.file, mutant.change, mutant.line) for mutant in everything}
    return [entry for entry in entries if (entry["file"], entry["change"], entry["line"]) not in places]


def main() -> None:
    seed, size, file = os.environ.get("SEED", "1"), int(os.environ.get("SAMPLE", "300")), os.environ.get("FILE", "")
    minimum = float(os.environ.get("MINIMUM", "95"))
    began = time.monotonic()
    everything = listed(file)
    entries = accepted()
    for entry in stale(entries):
        sys.exit(f"error: accepted.toml names what is no mutant any more: {entry['file']}: {entry['change']}: {entry['line']}")
    sample = everything
    if not file and 0 < size < len(everything):
        chosen = set(random.Random(seed).sample(range(len(everything)), size))
        sample = [mutant for number, mutant in enumerate(everything) if number in chosen]
    print(f"{len(sample)} of {len(everything)} mutants, seed {seed}", flush=True)
    trees = [Tree("a"), Tree("b")]
    for tree in trees:
        tree.sync()
    results = first_stage(trees, sample)
    survivors = [mutant for mutant in sample if results[mutant.name] == "missed" and mutant.package in DECIDING]
    # What is accepted is known to survive: it would cost minutes to learn so again.
    survivors = [mutant for mutant in survivors if not is_accepted(mutant, entries)]
    if survivors:
        results.update(second_stage(trees[1], survivors))
    report(sample, results, entries, minimum, time.monotonic() - began)


def report(
    sample: list[Mutant], results: dict[str, str], entries: list[dict[str, str]], minimum: float, seconds: float
) -> None:
    """The last lines: the figures, and each mutant that no test caught."""
    count = Counter(results[mutant.name] for mutant in sample)
    missed = [mutant for mutant in sample if results[mutant.name] == "missed"]
    excused = [mutant for mutant in missed if is_accepted(mutant, entries)]
    open_ones = [mutant for mutant in missed if mutant not in excused]
    caught = count["caught"] + count["timeout"]
    judged = caught + len(open_ones)
    score = 100 * caught / judged if judged else 100.0
    print(f"\nin {seconds / 60:.1f} minutes: {len(sample)} mutants: {count['caught']} caught, {len(open_ones)} missed, "
          f"{count['timeout']} timed out, {count['unviable']} unviable, {len(excused)} accepted")
    print(f"score: {score:.1f} % caught of those that were judged; at least {minimum:g} % are required")
    for mutant in open_ones:
        print(f"missed: {mutant.name}")
    sys.exit(0 if score >= minimum else 1)


if __name__ == "__main__":
    main()
