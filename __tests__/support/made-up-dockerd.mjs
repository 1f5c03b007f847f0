/**
 * Answers for a Docker daemon that can't be had here, so that the words which a user gets can be looked at: it is called `dockerd`
 * and takes `--config-file`. SOCKET: where it listens; SYSTEM: what it says it runs on. Ends when it is told to read its file again.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

// Node gives its process a name of its own.
writeFileSync('/proc/self/comm', 'dockerd');
const { SOCKET, SYSTEM } = process.env;
const about = {
  ServerVersion: '20.10.24',
  OperatingSystem: SYSTEM,
  SecurityOptions: [],
  RegistryConfig: { Mirrors: [], IndexConfigs: {} },
};
createServer((_request, response) => response.end(JSON.stringify(about))).listen(SOCKET);
process.once('SIGHUP', () => process.exit(1));
