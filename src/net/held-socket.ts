import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** A socket whose bytes can be left where they are. */
interface Held {
  held: boolean;
  readonly socket: Socket;
}

/** The socket that was read from last: what undici's parser tells of lies in the bytes that it took from there just before. */
let latest: Held | null = null;

/**
 * undici's own way, to pause its parser, ends the process when the connection is reset just then and the answer said that it would be the
 * last one (`assert(!this.paused)` in Parser.finish, undici 7.30, thrown out of an event of the socket). So it is the socket that
 * seems empty to it. https://undici.nodejs.org/#/docs/api/DiagnosticsChannel names the sockets, those inside a tunnel too.
 */
function watch(message: unknown): void {
  const { socket } = message as { readonly socket: Socket };
  const own: Held = { held: false, socket };
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    // Node itself asks for 0 bytes to have its buffer filled.
    if (own.held && size === undefined) return null;
    const bytes: unknown = read(size);
    if (bytes !== null) latest = own;
    return bytes;
  };
}
subscribe('undici:client:connected', watch);

/**
 * Holds back the bytes that follow on the connection that is read from now; to be called while undici tells of a piece of a body, where it
 * is certain which one that is. Node's buffer and the system's fill up then, and the sender waits. The function given back lets them through.
 */
export function holdSocket(): () => void {
  const own = latest;
  if (own === null) throw new Error('bytes came from a connection that nobody told of');
  own.held = true;
  return () => {
    own.held = false;
    // Nobody else tells the parser of what came meanwhile; later, for it may be at work right now.
    queueMicrotask(() => own.socket.destroyed || own.socket.emit('readable'));
  };
}
