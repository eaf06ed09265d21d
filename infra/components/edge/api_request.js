// For the firewall's rates: the viewer's address, and who calls, as a hash of the credential that the
// request shows. Whatever a client put there itself is overwritten.
var crypto = require('crypto');

function handler(event) {
  var request = event.request;
  var shown = request.headers['authorization'] || request.headers['x-api-key'] || request.headers['api-key'];
  var caller = shown ? crypto.createHash('sha256').update(shown.value).digest('hex') : event.viewer.ip;
  request.headers['x-llm-cp-viewer'] = { value: event.viewer.ip };
  request.headers['x-llm-cp-caller'] = { value: caller };
  return request;
}
