"""The connection to the model, against a real server."""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from model import BudgetSpentError, Model, ModelError

SETTINGS = {"max_tokens": 5, "model_retries": 2, "retry_wait_s": 0}
GOOD = (200, {"content": [{"type": "text", "text": "hello"}]})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.seen.append((self.path, self.headers["x-api-key"]))
        self.rfile.read(int(self.headers["content-length"]))
        status, answer = self.server.answers.pop(0)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


class ModelTest(unittest.TestCase):
    def ask(self, *answers):
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(self.server.server_close)
        self.server.answers, self.server.seen = list(answers), []
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.shutdown)
        address = f"http://127.0.0.1:{self.server.server_port}"
        model = Model(address, "key", "default", SETTINGS)
        self.addCleanup(model.connection.close)
        return model.ask("system", [], [])

    def test_the_content_of_a_reply_comes_back(self):
        self.assertEqual(self.ask(GOOD)[0]["text"], "hello")
        self.assertEqual(self.server.seen, [("/v1/messages", "key")])

    def test_a_server_error_is_tried_again(self):
        self.assertEqual(self.ask((503, {}), (529, {}), GOOD)[0]["text"], "hello")

    def test_a_refused_request_is_not_tried_again(self):
        with self.assertRaises(ModelError):
            self.ask((400, {"error": "no"}), GOOD)

    def test_a_spent_budget_ends_the_work(self):
        with self.assertRaises(BudgetSpentError):
            self.ask((429, {"error": {"type": "budget_exceeded_error"}}))
