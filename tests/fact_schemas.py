"""Holds every fact of events/trimtab/ against infra/schemas/, and every kind of fact against both.

Usage: fact_schemas.py ROOT KIND...
"""

import copy
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

root, kinds = pathlib.Path(sys.argv[1]), sys.argv[2:]
schemas = {path.stem: json.loads(path.read_text()) for path in (root / "infra/schemas").glob("*.json")}
registry = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas.values())
for name, schema in schemas.items():
    Draft202012Validator.check_schema(schema)
checks = {name: Draft202012Validator(schema, registry=registry) for name, schema in schemas.items()}

families = {}
for name, schema in schemas.items():
    for group in schema.get("oneOf", []):
        families.setdefault(group["properties"]["detail-type"]["const"], []).append(name)
assert sorted(families) == sorted(kinds), set(families) ^ set(kinds)
assert all(len(found) == 1 for found in families.values()), families

facts = [json.loads(path.read_text()) for path in sorted((root / "events/trimtab").glob("*.json"))]
for fact in facts:
    (family,) = families[fact["detail-type"]]
    faults = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in checks[family].iter_errors(fact)]
    assert not faults, (fact["detail-type"], faults)
    for spoil in (lambda detail: detail.pop("dedup_key"), lambda detail: detail.update(version=2), lambda detail: detail.update(more=1)):
        spoilt = copy.deepcopy(fact)
        spoil(spoilt["detail"])
        assert not checks[family].is_valid(spoilt), f"{fact['detail-type']}: anything is valid"
print(f"{len(kinds)} kinds in {len(schemas) - 1} families; {len(facts)} facts are as they say")
