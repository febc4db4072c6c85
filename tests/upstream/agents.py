"""Both vendors' SDKs as agents that reach the gateway through its Unix socket."""

from contextlib import contextmanager

import anthropic
import httpx2
import openai

HI = [{"role": "user", "content": "hi"}]


@contextmanager
def anthropic_at(path):
    transport = httpx2.HTTPTransport(uds=str(path))
    with anthropic.Anthropic(
        api_key="dummy", base_url="http://localhost", max_retries=0,
        http_client=anthropic.DefaultHttpxClient(transport=transport),
    ) as client:  # fmt: skip
        yield client


@contextmanager
def openai_at(path):
    transport = httpx2.HTTPTransport(uds=str(path))
    with openai.OpenAI(
        api_key="dummy", base_url="http://localhost/v1", max_retries=0,
        http_client=openai.DefaultHttpxClient(transport=transport),
    ) as client:  # fmt: skip
        yield client


def by_messages(client, *, streams, **fields):
    """Ask with the one SDK; give its Message."""
    asked = {"model": "any", "max_tokens": 100, "messages": HI, **fields}
    if not streams:
        return client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        return stream.get_final_message()


def by_chat(client, *, streams, **fields):
    """Ask with the other SDK; give its ChatCompletion."""
    asked = {"model": "any", "max_completion_tokens": 100, "messages": HI, **fields}
    if not streams:
        return client.chat.completions.create(**asked)
    with client.chat.completions.stream(stream_options={"include_usage": True}, **asked) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion()


def by_responses(client, *, streams, **fields):
    """Ask with OpenAI's SDK in its newer dialect; give its Response."""
    asked = {"model": "any", "max_output_tokens": 100, "input": "hi", **fields}
    if not streams:
        return client.responses.create(**asked)
    with client.responses.stream(**asked) as stream:
        for _ in stream:
            pass
        return stream.get_final_response()
