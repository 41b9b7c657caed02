// Gives a Node that does not know NODE_USE_ENV_PROXY a fetch that takes its proxy from the environment:
// node --import ./preload.mjs. HTTP2=1 offers HTTP/2 too.
import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";
const allowH2 = process.env.HTTP2 === "1";
setGlobalDispatcher(new EnvHttpProxyAgent({ allowH2, requestTls: { allowH2 } }));
