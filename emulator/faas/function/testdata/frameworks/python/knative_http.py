"""A function of `kn func` in Python, called with a request as ASGI has it."""

from func_python.http import serve
from state import told


class Function:
    async def handle(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        result = told(headers["ce-type"], headers["ce-id"], body.decode(), headers).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [[b"content-type", b"text/plain"]]})
        await send({"type": "http.response.body", "body": result})


def new():
    return Function()


serve(new)
