"""`dgm models`: what can be used on this machine, what is missing, and what it costs. Offline."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_json
from dgm.cli.output import say, say_json, table

if TYPE_CHECKING:
    from dgm.gateway.prices import Price

_PACKAGES = {"bedrock": "boto3", "vertex": "google.auth"}
_HEAD = ("USD per million tokens", "input", "cache read", "cache write", "output", "long requests")


@dataclass(frozen=True, slots=True)
class _Found:
    """A provider as it stands here: `status` is `usable`, `missing`, or `unknown`."""

    provider: str
    status: str
    remark: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("text", nargs="?", default="", metavar="TEXT", help="part of their names")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """List providers and the prices of their models; no key is ever shown."""
    from dgm.gateway.pricetable import listed_models
    from dgm.wiring import PROVIDERS

    found = [_look_at(provider) for provider in PROVIDERS]
    prices = {
        model: price
        for each in found
        for model, price in listed_models(each.provider)
        if arguments.text in model and (arguments.json or each.status != "missing")
    }
    if arguments.json:
        say_json(
            {
                "providers": [asdict(each) for each in found],
                "usd_per_token": {model: asdict(price) for model, price in prices.items()},
            }
        )
        return 0
    for each in found:
        say(f"{each.provider:10} {each.status:8} {each.remark}")
    if prices:
        say()
        for line in table([_HEAD, *(_row(model, price) for model, price in prices.items())]):
            say(line)
    return 0


def _look_at(provider: str) -> _Found:
    from dgm.wiring import BUILTIN, key_name_of

    if provider == BUILTIN:
        return _Found(provider, "usable", "no language model; free, needs no key and no network")
    if key := key_name_of(provider):
        return _look_for_key(provider, key)
    if not _is_installed(_PACKAGES[provider]):
        return _Found(provider, "missing", f"pip install 'anthropic[{provider}]'")
    remark = "its packages are there; region and credentials show at the first call"
    return _Found(provider, "unknown", remark)


def _look_for_key(provider: str, key: str) -> _Found:
    elsewhere = "; --base-url URL takes any compatible server, with a price in the settings"
    remark = elsewhere if provider == "openai" else ""
    if os.environ.get(key, "").strip():
        return _Found(provider, "usable", f"{key} is set{remark}")
    return _Found(provider, "missing", f"export {key}=...{remark}")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # nor is what holds it
        return False


def _row(model: str, price: Price) -> tuple[str, ...]:
    usd = (price.input_usd, price.read_usd, price.write_usd, price.output_usd)
    long = f"dearer from {price.long_from:,} tokens" if price.long else ""
    return model, *(f"{each * 1e6:.4g}" for each in usd), long
