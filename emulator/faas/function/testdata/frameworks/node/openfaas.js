// What OpenFaaS's templates for Node start under of-watchdog: it knows no $PORT, but the 3000 of its upstream_url.
'use strict';
const express = require('express');
const {told} = require('./state');

const app = express();
app.disable('x-powered-by');
app.use(express.raw({type: '*/*'}));
app.post('/', async (req, res) => {
  res.send(await told(req.get('ce-type'), req.get('ce-id'), req.body.toString(), req.get('traceparent')));
});
app.get('/*path', (req, res) => res.send(''));
app.listen(new URL(process.env.upstream_url).port);
