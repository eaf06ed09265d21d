// The viewer's address, for the firewall's rate: whatever a client put there itself is overwritten.
function handler(event) {
  event.request.headers['x-llm-cp-viewer'] = { value: event.viewer.ip };
  return event.request;
}
