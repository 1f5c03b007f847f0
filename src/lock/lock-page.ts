import type { Gateway } from '../values/gateway.js';
import type { Lock, LockedFile } from '../values/lock.js';
import type { IndexFile, ProjectPage } from '../values/source.js';

/** A locked file as an index would list it. */
export function indexFile(file: LockedFile): IndexFile {
  const { filename, sha256, size, requiresPython } = file;
  return {
    filename,
    sha256,
    hashOrigin: file.hashOrigin === 'local' ? 'lock' : file.hashOrigin,
    size,
    requiresPython,
    yanked: null,
    uploadTime: null,
    locations: file.urls.map(({ source, url }) => ({ source, url, sha256, size })),
  };
}

/** Makes the files of a lock known to the gateway, so that an installer may ask for `/files/<sha256>/<filename>`. */
export function publishLock(gateway: Pick<Gateway, 'publish'>, lock: Lock): void {
  for (const file of lock.files) gateway.publish(indexFile(file));
}

/**
 * The page of a locked project as the lock alone tells it, one file long, or null for another project. With it the gateway serves
 * pip, which needs pages, without asking an index.
 */
export function lockPage(lock: Lock, project: string): ProjectPage | null {
  const files = lock.files.filter((file) => file.name === project).map(indexFile);
  return files.length === 0 ? null : { project, files, answered: ['lock'], faults: [] };
}
