"""Starts one of the local cloud's servers: `serve.py ministack PORT` or `serve.py moto PORT`.

The server exits when standard input is closed, that is, with the process that started it.

MiniStack rejects PutEvents from an `aws.*` source, as AWS does. The emulator sends the events of AWS itself, so this
script changes the private default that guards the source. It checks the default first, because the version is pinned.
"""

import inspect
import os
import signal
import sys
import threading


def exit_with_parent() -> None:
    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def allow_aws_sources() -> None:
    from ministack.services import eventbridge

    put_events = eventbridge._put_events
    parameter = inspect.signature(put_events).parameters.get("allow_aws_source")
    if parameter is None or put_events.__defaults__ != (False,):
        sys.exit("local/serve.py: this version of MiniStack guards aws.* sources differently: see requirements.txt")
    put_events.__defaults__ = (True,)


def set_account_from_arn() -> None:
    """Sets the account of an event from its ARN.

    MiniStack forwards no event to another account's bus. The emulator puts the events of all accounts on the bus to
    which AWS would forward them, and rules match the account of the event.
    """
    from ministack.services import eventbridge

    view = eventbridge._pattern_event_view

    def with_account(event):
        arns = [arn.split(":") for arn in event.get("Resources") or () if arn.startswith("arn:aws:sagemaker:")]
        if arns and str(event.get("Source", "")).startswith("aws."):
            event["Account"] = arns[0][4]
        return view(event)

    eventbridge._pattern_event_view = with_account


def ministack(port: str) -> None:
    os.environ.update(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=port,
        IOT_MTLS_ENABLED="0",
        SFTP_HOST="127.0.0.1",
    )
    sys.argv = ["ministack"]
    allow_aws_sources()
    set_account_from_arn()
    from ministack import app

    app.main()


def moto(port: str) -> None:
    from moto.server import main

    main(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    server, port = sys.argv[1:]
    exit_with_parent()
    {"ministack": ministack, "moto": moto}[server](port)
