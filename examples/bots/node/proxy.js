/**
 * For `node --import`: lets `fetch` take its proxy from HTTPS_PROXY where this Node does not do so by
 * itself (NODE_USE_ENV_PROXY, since 22.21 and 24.0). The bot knows nothing of it.
 */

const [major, minor] = process.versions.node.split(".").map(Number);
const builtIn = major >= 24 || (major === 22 && minor >= 21);

if (!builtIn && process.env.HTTPS_PROXY) {
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import("undici");
  setGlobalDispatcher(new EnvHttpProxyAgent());
}
