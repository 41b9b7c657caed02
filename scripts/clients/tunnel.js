// Node's https or http2 through a tunnel, their trust from NODE_EXTRA_CA_CERTS: PROXY-PORT, PORT, PATH,
// and `http2` for that.
const http = require("node:http");
const http2 = require("node:http2");
const https = require("node:https");
const tls = require("node:tls");
const [proxy, port, path, way] = process.argv.slice(2);

async function tell(answer) {
  let text = "";
  for await (const piece of answer) text += piece;
  console.log(text);
  process.exit();
}

const tunnel = http.request({ port: proxy, method: "CONNECT", path: `localhost:${port}` });
tunnel.on("connect", (_, socket) => {
  if (way === "http2") {
    const secured = tls.connect({ socket, servername: "localhost", ALPNProtocols: ["h2"] });
    const session = http2.connect(`https://localhost:${port}`, { createConnection: () => secured });
    tell(session.request({ ":path": path }).setEncoding("utf8"));
  } else {
    https.get({ host: "localhost", port, path, socket, agent: false }, tell);
  }
});
tunnel.end();
