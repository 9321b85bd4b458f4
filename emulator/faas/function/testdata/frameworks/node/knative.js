// A function of `kn func` in JavaScript: what bears CloudEvents' headers is handed over as an event.
'use strict';
const {told} = require('./state');

module.exports = {
  handle: async (context, event) =>
    told(event.type, event.id, Buffer.from(event.data ?? event.data_base64).toString(), context.headers.traceparent),
};
