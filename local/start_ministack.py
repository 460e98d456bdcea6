"""Starts MiniStack as the local cloud's AWS.

MiniStack refuses PutEvents from an `aws.*` source, as AWS does. Here the gateway plays AWS itself,
so the one private default that guards it is set, and checked first: the version is pinned.

Environment: GATEWAY_PORT, AWS_ENDPOINT_URL (the gateway: the functions inherit it).
"""

import inspect
import os
import sys

os.environ.setdefault("BIND_HOST", "127.0.0.1")
os.environ.setdefault("MINISTACK_ACCOUNT_ID", "123456789012")

from ministack import app  # noqa: E402  (reads the environment when it is imported)
from ministack.services import eventbridge  # noqa: E402


def let_aws_sources_in() -> None:
    put_events = eventbridge._put_events
    parameter = inspect.signature(put_events).parameters.get("allow_aws_source")
    if parameter is None or put_events.__defaults__ != (False,):
        sys.exit("local/start_ministack.py: this MiniStack guards aws.* sources otherwise: see requirements.txt")
    put_events.__defaults__ = (True,)


if __name__ == "__main__":
    let_aws_sources_in()
    app.main()
