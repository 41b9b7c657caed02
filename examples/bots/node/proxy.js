/**
 * For `node --import`: makes `fetch` take its proxy from HTTPS_PROXY in versions of Node without
 * NODE_USE_ENV_PROXY, which 22.21 and 24.0 introduced. The bot itself needs no change.
 */

const [major, minor] = process.versions.node.split(".").map(Number);
const builtIn = major >= 24 || (major === 22 && minor >= 21);

if (!builtIn && process.env.HTTPS_PROXY) {
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import("undici");
  setGlobalDispatcher(new EnvHttpProxyAgent());
}
