// Node's https through a tunnel, its trust from NODE_EXTRA_CA_CERTS: PROXY-PORT, PORT, PATH.
const http = require("node:http");
const https = require("node:https");
const [proxy, port, path] = process.argv.slice(2);
const tunnel = http.request({ port: proxy, method: "CONNECT", path: `localhost:${port}` });
tunnel.on("connect", (_, socket) => {
  https.get({ host: "localhost", port, path, socket, agent: false }, async (response) => {
    let text = "";
    for await (const piece of response) text += piece;
    console.log(text);
    process.exit();
  });
});
tunnel.end();
