"""A function of `kn func` in Python, called with a CloudEvent, which answers with another one."""

from cloudevents.http import CloudEvent
from func_python.cloudevent import serve
from state import told


async def handle(scope, receive, send):
    event = scope["event"]
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    result = told(event["type"], event["id"], bytes(event.data).decode(), headers)
    await send(CloudEvent({"type": "answer", "source": "/f"}, result.encode()))


serve(handle)
