"""A copy of the repository in which mistakes are planted, with a target directory of its own that stays warm."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Crates that decide. They compile without AWS SDKs, so that a mutant costs seconds.
DECIDING = [
    "trimtab-names", "trimtab-policy", "trimtab-core", "integrate", "retrain", "evaluate", "deploy", "monitor", "notify", "reconcile", "guard", "lineage",
]
# Those of them that are below trimtab-core: cargo refuses a feature of a crate that they do not depend on.
BELOW_CORE = ["trimtab-names", "trimtab-policy"]
# Crates that reach AWS, by the SDKs of DynamoDB, EventBridge, Lambda, SNS and SQS.
REACHING = ["trimtab-ledger", "trimtab-runtime", "trimtab-cli"]

# The deciding half of each function, and the ports over memory that its tests use.
FEATURES = ["--no-default-features", "--features", "trimtab-core/memory"]


def features(package: str) -> list[str]:
    """The features with which the tests of this package compile without the SDKs that they do not need."""
    return FEATURES if package in DECIDING and package not in BELOW_CORE else []


class Tree:
    """The copy: `TRIMTAB_MUTATION/NAME`, or `.trimtab/mutation/NAME` in the clone."""

    def __init__(self, name: str) -> None:
        home = os.environ.get("TRIMTAB_MUTATION") or ROOT / ".trimtab" / "mutation"
        self.path = Path(home) / name / "tree"
        self.target = Path(home) / name / "target"

    def sync(self) -> None:
        """Makes the copy equal to the working tree. Files that are equal keep their time, so cargo rebuilds little."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
        names = {name for name in listed if name and (ROOT / name).is_file()}
        self.path.mkdir(parents=True, exist_ok=True)
        there = {str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file()}
        for name in there - names:
            (self.path / name).unlink()
        for name in names:
            source, copy = ROOT / name, self.path / name
            if not copy.is_file() or copy.read_bytes() != source.read_bytes():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)

    def environment(self) -> dict[str, str]:
        """Small and incremental builds: most of a mutant's time is compiling."""
        return os.environ | {
            "CARGO_TARGET_DIR": str(self.target),
            "CARGO_INCREMENTAL": "1",
            "CARGO_PROFILE_DEV_DEBUG": "0",
            "CARGO_TERM_COLOR": "never",
            # A mistake may leave a variable unused: that is no reason not to compile it.
            "CARGO_ENCODED_RUSTFLAGS": "--cap-lints=warn",
            "INSTA_UPDATE": "no",
        }

    def cargo(self, *arguments: str, captured: bool = False) -> subprocess.CompletedProcess:
        """Runs cargo in the copy."""
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if captured else {}
        return subprocess.run(
            ["cargo", *arguments], cwd=self.path, env=self.environment(), text=True, check=False, **output
        )
