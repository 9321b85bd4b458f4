// Dapr's state API, for the functions beside it: what each framework's users would write in their own way.
'use strict';

async function call(method, path, body, traceparent) {
  const headers = {'content-type': 'application/json', traceparent};
  if (process.env.DAPR_API_TOKEN) headers['dapr-api-token'] = process.env.DAPR_API_TOKEN;
  const answer = await fetch(`http://127.0.0.1:${process.env.DAPR_HTTP_PORT}/v1.0/state/statestore${path}`,
      {method, body, headers});
  const text = await answer.text();
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text;
}

// told is what all functions here answer: what they know of the invocation, their state, and their argument.
async function told(kind, identity, argument, traceparent) {
  return `${kind} ${identity} ${await call('GET', '/k', undefined, traceparent)} ${argument}`;
}

module.exports = {call, told};
