// The page's server: SERVICE [CERTIFICATE KEY]. It has the page at `/`, takes notifications at
// `/callback`, and passes everything else on to the service, so that the page needs no other origin.
// With a certificate it speaks TLS, and HTTP/2 where the browser does. Prints its address.
import { readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";

const [service, ...files] = process.argv.slice(2);
const [cert, key] = files.map((path) => readFileSync(path));
const page = readFileSync(new URL("page.html", import.meta.url));
// What is said of a connection, and so ends with it (RFC 9110, section 7.6.1).
const hops = ["connection", "keep-alive", "transfer-encoding", "upgrade"];

function answer(request, response) {
  if (request.url === "/") {
    response.writeHead(200, { "content-type": "text/html" }).end(page);
    return;
  }
  if (request.url === "/callback") {
    request.resume().on("end", () => response.writeHead(202).end());
    return;
  }
  const kept = ([name]) => !name.startsWith(":") && !hops.includes(name);
  const headers = Object.fromEntries(Object.entries(request.headers).filter(kept));
  const asked = http.request(service + request.url, { method: request.method, headers }, (answered) => {
    const back = Object.entries(answered.headers).filter(kept);
    response.writeHead(answered.statusCode, Object.fromEntries(back));
    answered.pipe(response);
  });
  asked.on("error", () => response.writeHead(502).end());
  request.pipe(asked);
}

const server = cert
  ? http2.createSecureServer({ cert, key, allowHTTP1: true }, answer)
  : http.createServer(answer);
server.listen(0, "127.0.0.1", () => {
  console.log(`${cert ? "https" : "http"}://127.0.0.1:${server.address().port}`);
});
