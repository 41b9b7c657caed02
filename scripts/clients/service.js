// The same in HTTP/2 and HTTP/1.1, as the handshake settles it.
const { readFileSync } = require("node:fs");
const http2 = require("node:http2");
const [cert, key] = process.argv.slice(2).map((path) => readFileSync(path));
const server = http2.createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(request.url);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
