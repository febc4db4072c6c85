import gzip
import hashlib
import json
from contextlib import ExitStack
from dataclasses import replace

import pytest

from dgm.gateway.encoding import request_object
from dgm.gateway.excerpt import MOST_CHARACTERS
from dgm.gateway.transcript import Exchange, Failure, TranscriptWriter, read_transcript, usage_of
from dgm.gateway.wire import Message, Reply, Request, StopReason, Text, ToolSpec
from dgm.records import Usage
from tests.gateway.fakes import user_request

REPLY = Reply((Text("yes"),), StopReason.END_TURN, 10, 5, "m", "msg_1")
WORST = Usage(1, 50, 100, 1.0)
USED = Usage(1, 10, 5, 0.25)


def conversation(turns: int) -> Request:
    messages = [Message("user", (Text("question 0"),))]
    for turn in range(1, turns):
        messages += [
            Message("assistant", (Text(f"answer {turn}"),)),
            Message("user", (Text(f"question {turn}"),)),
        ]
    tools = (ToolSpec("bash", "", {"type": "object"}),)
    return Request("m", 9, tuple(messages), system="s", tools=tools)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "transcript.jsonl"


@pytest.fixture
def write():
    with ExitStack() as files:

        def write(path, *exchanges):
            writer = TranscriptWriter(path)
            files.callback(writer._file.close)
            for exchange in exchanges:
                writer.reserve(exchange.index, WORST)
                writer.append(exchange)
            return writer

        yield write


def test_exchanges_are_read_back_as_they_were_written(path, write):
    exchanges = [Exchange(n, conversation(n + 1), REPLY, usage=USED) for n in range(4)]
    exchanges.append(Exchange(4, conversation(2), failure=Failure.PROVIDER, message="down"))
    writer = write(path, *exchanges)
    assert list(read_transcript(path)) == exchanges
    writer.close()
    assert list(read_transcript(path)) == exchanges
    assert not path.exists()


def test_conversation_is_written_once_not_once_per_turn(path, write):
    long = "x" * 10_000
    messages = [Message("user", (Text(long),)), Message("assistant", (Text("ok"),))]
    exchanges = [
        Exchange(n, Request("m", 1, (*messages, Message("user", (Text(str(n)),)))), REPLY)
        for n in range(20)
    ]
    write(path, *exchanges).close()
    assert len(gzip.decompress(path.with_name("transcript.jsonl.gz").read_bytes())) < 30_000


def test_torn_last_line_is_left_out_and_cut_off_on_reopening(path, write):
    first, second = (Exchange(n, user_request(str(n)), REPLY, usage=USED) for n in range(2))
    write(path, first, second)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert list(read_transcript(path)) == [first]
    write(path, second).close()
    assert list(read_transcript(path)) == [first, second]


def test_closed_transcript_can_be_gone_on_with(path, write):
    first, second = (Exchange(n, user_request(str(n)), REPLY) for n in range(2))
    write(path, first).close()
    write(path, second).close()
    assert list(read_transcript(path)) == [first, second]


def test_call_under_way_when_killed_counts_at_its_worst_case(path, write):
    writer = write(path, Exchange(0, user_request(), REPLY, usage=USED))
    writer.reserve(1, WORST)
    assert usage_of(path) == USED + WORST
    again = TranscriptWriter(path)
    again.reserve(1, WORST)
    again.append(Exchange(1, user_request(), REPLY, usage=USED))
    again.close()
    assert usage_of(path) == USED + WORST + USED


def test_usage_of_a_transcript_that_was_never_begun_is_nothing(path):
    assert usage_of(path) == Usage()


def test_whole_damaged_line_is_an_error_not_a_loss(path, write):
    write(path, Exchange(0, user_request(), REPLY))
    path.write_bytes(path.read_bytes().replace(b'"index"', b'"ind', 1))
    with pytest.raises(ValueError, match=r"delimiter|Unterminated"):
        list(read_transcript(path))


@pytest.mark.parametrize(
    "key",
    [
        "sk-ant-api03-" + "aB3_" * 10,
        "AKIA" + "ABCDEFGH12345678",
        "ABSK" + "aB3+" * 12 + "=",
        "bedrock-api-key-" + "aB3/" * 12,
        "Bearer abcdefghijklmnop.qrstuv",
        "ghp_" + "a1" * 18,
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_nothing_that_looks_like_a_key_reaches_the_file(path, write, key):
    secret = key.removeprefix("Bearer ")
    request = user_request(f'line\n{key}\n"end"')
    write(path, Exchange(0, request, failure=Failure.PROVIDER, message=f"refused {key}"))
    texts = json.dumps([json.loads(line) for line in path.read_text().splitlines()])
    assert json.dumps(secret)[1:-1] not in texts
    (exchange,) = read_transcript(path)
    assert exchange.request.messages[0].content[0].text.endswith('[redacted]\n"end"')


def test_ordinary_text_is_not_redacted(path, write):
    text = "task-list sk-learn disk-usage Bearer of news, risk-adjusted-returns-over-time"
    write(path, Exchange(0, user_request(text), REPLY))
    (exchange,) = read_transcript(path)
    assert exchange.request == user_request(text)


def long_request(text: str, turns: int = 1) -> Request:
    before = conversation(turns)
    return replace(before, messages=(*before.messages, Message("user", (Text(text),))))


def test_long_request_without_an_answer_is_kept_by_its_size_its_digest_and_its_beginning(
    path, write
):
    request = long_request("long " * 100_000)
    write(path, Exchange(0, request, failure=Failure.REFUSED, message="no"))
    (exchange,) = read_transcript(path)
    asked = json.dumps(request_object(request))
    assert exchange.excerpt.size == len(asked)
    assert exchange.excerpt.sha256 == hashlib.sha256(asked.encode()).hexdigest()
    assert exchange.excerpt.head == asked[:MOST_CHARACTERS]
    assert (exchange.failure, exchange.message) == (Failure.REFUSED, "no")
    assert path.stat().st_size < 3 * MOST_CHARACTERS


def test_conversation_goes_on_where_it_was_before_a_request_that_was_not_kept(path, write):
    asked = [conversation(3), long_request("long " * 100_000, 3), conversation(4)]
    write(path, Exchange(0, asked[0], REPLY), Exchange(1, asked[1], failure=Failure.REFUSED))
    write(path).append(Exchange(2, asked[2], REPLY))
    first, refused, last = read_transcript(path)
    assert (first.request, last.request) == (asked[0], asked[2])
    assert refused.request == asked[0]  # what it shares with the one before is known
    assert refused.excerpt.is_continued


def test_settings_are_written_once_not_once_per_turn(path, write):
    exchanges = [Exchange(n, replace(conversation(n + 1), system="s" * 9999)) for n in range(9)]
    other = Exchange(9, replace(conversation(10), system="t" * 9999), REPLY)
    exchanges = [*(replace(each, reply=REPLY) for each in exchanges), other]
    write(path, *exchanges)
    assert path.stat().st_size < 30_000
    assert list(read_transcript(path)) == exchanges


def test_transcript_that_is_full_takes_answers_and_hardly_anything_else(path):
    most = 200_000
    writer = TranscriptWriter(path, most)
    for index in range(20):
        text = str(index) + "x" * 50_000
        writer.append(Exchange(index, user_request(text), REPLY, usage=USED))
    assert writer.is_full
    sizes = [exchange.excerpt.size for exchange in read_transcript(path) if exchange.excerpt]
    assert len(sizes) == 17
    assert path.stat().st_size < most + 17 * 2 * MOST_CHARACTERS
    writer.close()
    assert usage_of(path).calls == 20


def test_full_transcript_is_full_still_when_it_is_gone_on_with(path):
    writer = TranscriptWriter(path, 50_000)
    writer.append(Exchange(0, user_request("x" * 40_000), REPLY))
    assert writer.is_full
    writer.close()
    again = TranscriptWriter(path, 50_000)
    assert again.is_full
    again.close()


def test_beginning_of_a_long_request_holds_no_key(path, write):
    key = "sk-ant-api03-" + "aB3_" * 10
    request = long_request(f'line\n{key}\n"' + "x" * 100_000)
    write(path, Exchange(0, request, failure=Failure.REFUSED))
    (exchange,) = read_transcript(path)
    assert "[redacted]" in exchange.excerpt.head
    assert key not in path.read_text()
