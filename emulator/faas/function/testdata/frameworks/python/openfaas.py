"""What OpenFaaS's templates for Flask start under of-watchdog: it knows no $PORT, but the 5000 of its upstream_url."""

import os

from flask import Flask, request
from state import told
from waitress import serve

app = Flask(__name__)


@app.route("/", defaults={"path": ""}, methods=["GET", "PUT", "POST", "PATCH", "DELETE"])
@app.route("/<path:path>", methods=["GET", "PUT", "POST", "PATCH", "DELETE"])
def call_handler(path):
    if request.method != "POST":
        return "", 200
    return told(request.headers["Ce-Type"], request.headers["Ce-Id"], request.get_data(as_text=True), request.headers)


serve(app, host="0.0.0.0", port=int(os.environ["upstream_url"].rsplit(":", 1)[1]))
