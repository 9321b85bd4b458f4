"""Functions for Google's functions framework, which Knative's users deploy as well."""

import json

import functions_framework
from flask import request
from state import call, told


@functions_framework.http
def hello(request):
    return told(request.headers["ce-type"], request.headers["ce-id"], request.get_data(as_text=True), request.headers)


@functions_framework.cloud_event
def event(cloud_event):
    """Such a function has no result: what it has seen becomes its state."""
    seen = told(cloud_event["type"], cloud_event["id"], bytes(cloud_event.data).decode(), request.headers)
    call("POST", "", json.dumps([{"key": "seen", "value": seen}]), request.headers)
