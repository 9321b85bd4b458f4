// Functions for Google's functions framework, which Knative's users deploy as well.
'use strict';
const functions = require('@google-cloud/functions-framework');
const {call, told} = require('./state');

functions.http('hello', async (req, res) => {
  res.send(await told(req.get('ce-type'), req.get('ce-id'), req.rawBody.toString(), req.get('traceparent')));
});

// Such a function has no result: what it has seen becomes its state. It is the only invocation of its instance.
functions.cloudEvent('event', async event => {
  const value = await told(event.type, event.id, Buffer.from(event.data).toString(), '');
  await call('POST', '', JSON.stringify([{key: 'seen', value}]), '');
});
