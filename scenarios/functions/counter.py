#!/usr/bin/env python3
"""A counter: how often it was called, and with how many bytes in all. counter/ is the same in Go.

It needs Python's standard library only. POST / is an invocation; its state is behind Dapr's state API, wherever the
execution model keeps it.
"""

import http.client
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATE = "/v1.0/state/statestore"


def state(method, path, body, headers):
    """Calls the state API, and returns the value read; None: there is none."""
    trace = {k: v for k, v in headers.items() if k.lower() in ("traceparent", "ce-id")}  # says for which invocation
    token = {"dapr-api-token": os.environ.get("DAPR_API_TOKEN", "")}  # Dapr's SDKs send it by themselves
    at = http.client.HTTPConnection("127.0.0.1", int(os.environ["DAPR_HTTP_PORT"]))
    try:
        at.request(method, path, body, {"Content-Type": "application/json", **token, **trace})
        response = at.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text) if text else None
    finally:
        at.close()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def invoke(argument, headers):
    """Counts, and returns the result."""
    total = state("GET", STATE + "/total", None, headers) or {"calls": 0, "bytes": 0}
    total = {"calls": total["calls"] + 1, "bytes": total["bytes"] + len(argument)}
    state("POST", STATE, compact([{"key": "total", "value": total}]), headers)
    return compact(total)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True

    def do_POST(self):
        argument = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, result = 200, invoke(argument, self.headers)
        except (RuntimeError, OSError, ValueError) as e:
            status, result = 500, str(e).encode()
        self.answer(status, result)

    def do_GET(self):  # /_/health
        self.answer(200, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()
