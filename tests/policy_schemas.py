"""Validates every policy of policies/ against the JSON Schema that its first line names for editors.

Usage: policy_schemas.py ROOT
"""

import copy
import json
import pathlib
import sys
import tomllib

from jsonschema import Draft7Validator

root = pathlib.Path(sys.argv[1])
policies = sorted((root / "policies").glob("*.toml"))
for path in policies:
    text = path.read_text()
    comment, reference = text.splitlines()[0].split(" ", 1)
    assert comment == "#:schema", f"{path}: the first line names no schema"
    schema = json.loads((path.parent / reference).resolve().read_text())
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    policy = tomllib.loads(text)
    faults = [f"{'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(policy)]
    assert not faults, (path.name, faults)
    tables = [key for key, value in policy.items() if isinstance(value, dict)]
    mistakes = [lambda wrong: wrong.update(unknown=1), lambda wrong: wrong.pop("version"), lambda wrong: wrong.update(version="1")]
    mistakes += [lambda wrong, table=table: wrong[table].update(unknown=1) for table in tables]
    for number, mistake in enumerate(mistakes):
        wrong = copy.deepcopy(policy)
        mistake(wrong)
        assert not validator.is_valid(wrong), f"{path.name}: mistake {number} is valid"
assert len(policies) > 10, policies
print(f"{len(policies)} policies fit their schemas")
