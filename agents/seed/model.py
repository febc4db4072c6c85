"""The model: one HTTP endpoint, spoken to over one connection that is kept open."""

import http.client
import json
import time
from urllib.parse import urlsplit


class ModelError(Exception):
    """The model could not be reached, or it refused the request."""


class BudgetSpentError(ModelError):
    """There is no budget left for another call."""


class Model:
    def __init__(self, base_url, key, name, settings):
        url = urlsplit(base_url)
        secure = url.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self.connection = connect(url.netloc, timeout=600)
        self.path = url.path.rstrip("/") + "/v1/messages"
        self.headers = {"content-type": "application/json", "x-api-key": key}
        self.headers["anthropic-version"] = "2023-06-01"
        self.name = name
        self.settings = settings

    def ask(self, system, messages, tools):
        """Send the conversation; return the content blocks of the model's reply."""
        request = {"model": self.name, "max_tokens": self.settings["max_tokens"]}
        request.update(system=system, messages=messages, tools=tools)
        body = json.dumps(request).encode()
        for attempt in range(self.settings["model_retries"] + 1):
            time.sleep(self.settings["retry_wait_s"] * attempt)
            status, text = self.post(body)
            if status == 200:
                return json.loads(text)["content"]
            if "budget_exceeded_error" in text:
                raise BudgetSpentError(text)
            if 400 <= status < 500 and status != 429:
                break
        raise ModelError(f"HTTP {status}: {text[:500]}")

    def post(self, body):
        """Return status and text; status 0 when there was no answer at all."""
        try:
            self.connection.request("POST", self.path, body, self.headers)
            response = self.connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return 0, f"{type(error).__name__}: {error}"
