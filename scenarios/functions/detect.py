#!/usr/bin/env python3
"""Anomaly detection over a window of sensor values. detect/ is the same in Go.

Its argument has a reading a line, in thousandths, from -1000000 to 1000000. A reading is an anomaly if it is further
than three standard deviations from the mean of the 64 before it, of which there must be 16. The state is that window.
All is done in integers, so that every language has the same result.
"""

import http.client
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATE = "/v1.0/state/statestore"
WINDOW, LEAST, LIMIT = 64, 16, 1_000_000


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


def detect(window, readings):
    """Appends readings to the window, and returns the anomalies: position and value of each."""
    anomalies, total, squares = [], sum(window), sum(x * x for x in window)
    for at, x in enumerate(readings):
        if not -LIMIT <= x <= LIMIT:
            raise ValueError(f"reading {at} is out of range")
        n = len(window)
        # |x - total/n| > 3 deviations, both sides times n, squared
        if n >= LEAST and (n * x - total) ** 2 > 9 * (n * squares - total * total):
            anomalies.append([at, x])
        window.append(x)
        total, squares = total + x, squares + x * x
        if n == WINDOW:
            oldest = window.pop(0)
            total, squares = total - oldest, squares - oldest * oldest
    return anomalies


def invoke(argument, headers):
    """Detects, and returns the result."""
    readings = [int(line) for line in argument.split()]
    window = state("GET", STATE + "/window", None, headers) or []
    anomalies = detect(window, readings)
    state("POST", STATE, compact([{"key": "window", "value": window}]), headers)
    return compact({"readings": len(readings), "anomalies": anomalies})


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
