"""Starts one of the local cloud's servers: `serve.py ministack PORT` or `serve.py moto PORT`.

The server ends with whoever started it: when standard input is closed.

MiniStack refuses PutEvents from an `aws.*` source, as AWS does. Here the gateway plays AWS itself,
so the one private default that guards it is set, and checked first: the version is pinned.
"""

import inspect
import os
import signal
import sys
import threading


def end_with_parent() -> None:
    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def let_aws_sources_in() -> None:
    from ministack.services import eventbridge

    put_events = eventbridge._put_events
    parameter = inspect.signature(put_events).parameters.get("allow_aws_source")
    if parameter is None or put_events.__defaults__ != (False,):
        sys.exit("local/serve.py: this MiniStack guards aws.* sources otherwise: see requirements.txt")
    put_events.__defaults__ = (True,)


def keep_accounts_of_events() -> None:
    """MiniStack forwards no event to another account's bus. The gateway puts the events of all accounts on
    the one bus, where AWS would have forwarded them to; such an event keeps the account that it is of."""
    from ministack.services import eventbridge

    view = eventbridge._pattern_event_view

    def of_its_account(event):
        arns = [arn.split(":") for arn in event.get("Resources") or () if arn.startswith("arn:aws:sagemaker:")]
        if arns and str(event.get("Source", "")).startswith("aws."):
            event["Account"] = arns[0][4]
        return view(event)

    eventbridge._pattern_event_view = of_its_account


def ministack(port: str) -> None:
    os.environ.update(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=port,
        IOT_MTLS_ENABLED="0",
        SFTP_HOST="127.0.0.1",
    )
    sys.argv = ["ministack"]
    let_aws_sources_in()
    keep_accounts_of_events()
    from ministack import app

    app.main()


def moto(port: str) -> None:
    from moto.server import main

    main(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    server, port = sys.argv[1:]
    end_with_parent()
    {"ministack": ministack, "moto": moto}[server](port)
