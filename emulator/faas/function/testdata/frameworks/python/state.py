"""Dapr's state API, for the functions beside it: what each framework's users would write in their own way."""

import http.client
import os

STATE = "/v1.0/state/statestore"


def call(method, path, body, headers):
    """One request, which says to which invocation it belongs; returns the answer's text."""
    at = http.client.HTTPConnection("127.0.0.1", int(os.environ["DAPR_HTTP_PORT"]))
    send = {"Content-Type": "application/json", "traceparent": headers.get("traceparent", "")}
    if token := os.environ.get("DAPR_API_TOKEN"):
        send["dapr-api-token"] = token
    at.request(method, STATE + path, body, send)
    answer = at.getresponse()
    text = answer.read().decode()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {text}")
    return text


def told(kind, identity, argument, headers):
    """What all functions here answer: what they know of the invocation, their state, and their argument."""
    return f"{kind} {identity} {call('GET', '/k', None, headers)} {argument}"
