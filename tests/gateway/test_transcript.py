import gzip
import json
from contextlib import ExitStack

import pytest

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
