/**
 * The one part of undici that every run uses, imported by itself: the whole package takes three times as much memory and as long to load
 * (fetch, WebSocket and mocks are in it).
 */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';

  export = Agent;
}
