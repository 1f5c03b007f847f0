/**
 * The two parts of undici that are used, imported one by one: the whole package is three times as large in memory and takes three times as
 * long to load (fetch, WebSocket and mocks are in it).
 */
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}

declare module 'undici/lib/dispatcher/proxy-agent.js' {
  export { ProxyAgent as default } from 'undici';
}
