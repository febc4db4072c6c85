"""The connection to the model, against a server that is held in memory."""

import http.client
import io
import json
import unittest
from unittest import mock

from model import BudgetSpentError, Model, ModelError

SETTINGS = {"max_tokens": 5, "model_retries": 2, "retry_wait_s": 0}
GOOD = (200, {"content": [{"type": "text", "text": "hello"}]})


class Server:
    """A socket whose other end answers each HTTP request with the next of its answers."""

    def __init__(self, answers):
        self.answers, self.seen, self.sent = list(answers), [], b""

    def sendall(self, data):
        self.sent += data

    def makefile(self, _):
        request = io.BytesIO(self.sent)
        path = request.readline().split()[1].decode()
        headers = http.client.parse_headers(request)
        body = json.loads(request.read(int(headers["content-length"])))
        self.seen.append((path, headers["x-api-key"], body["max_tokens"]))
        self.sent, (status, answer) = request.read(), self.answers.pop(0)
        data = json.dumps(answer)
        whole = f"HTTP/1.1 {status} -\r\ncontent-length: {len(data)}\r\n\r\n{data}"
        return io.BytesIO(whole.encode())

    setsockopt = close = lambda *_: None


class ModelTest(unittest.TestCase):
    def ask(self, *answers):
        self.server = Server(answers)
        with mock.patch("socket.create_connection", return_value=self.server):
            return Model("http://model", "key", "default", SETTINGS).ask("system", [], [])

    def test_the_content_of_a_reply_comes_back(self):
        self.assertEqual(self.ask(GOOD)[0]["text"], "hello")
        self.assertEqual(self.server.seen, [("/v1/messages", "key", 5)])

    def test_a_server_error_is_tried_again(self):
        self.assertEqual(self.ask((503, {}), (529, {}), GOOD)[0]["text"], "hello")

    def test_a_refused_request_is_not_tried_again(self):
        with self.assertRaises(ModelError):
            self.ask((400, {"error": "no"}), GOOD)
        self.assertEqual(self.server.answers, [GOOD])

    def test_a_spent_budget_ends_the_work(self):
        with self.assertRaises(BudgetSpentError):
            self.ask((429, {"error": {"type": "budget_exceeded_error"}}))
