"""The limits of memory that this process has, told before they end it: a kernel that kills for memory may take the whole container along."""
import os

from answer import Wrong

# Bytes of address space. Below, threads of PaddlePaddle that get no memory were seen to wait for one another for ever.
ADDRESS_SPACE = 1700 * 1000 ** 2
# Bytes of memory that a whole verification of a CPU build takes at its peak: 670 MB were seen. With 600 MB it was killed.
MEMORY = 700 * 1000 ** 2


def check_address_space():
    """`ulimit -v`."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return
    allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
    if allowed != resource.RLIM_INFINITY and allowed < ADDRESS_SPACE:
        megabytes = tuple(size // 1000 ** 2 for size in (allowed, ADDRESS_SPACE))
        raise Wrong('%d MB of address space are allowed (ulimit -v), %d MB are needed' % megabytes)


def read_lines(path):
    try:
        with open(path) as file:
            return file.read().splitlines()
    except OSError:
        return []


def cgroup_files(processes='/proc/self/cgroup', root='/sys/fs/cgroup'):
    """The files that may limit the memory of this process: of its cgroup and of all above it, in both versions (cgroups(7))."""
    for line in read_lines(processes):
        number, controllers, path = line.split(':', 2)
        mounts = ((root, 'memory.max'), (root + '/unified', 'memory.max'))
        if number != '0':
            mounts = ((root + '/memory', 'memory.limit_in_bytes'),) if 'memory' in controllers.split(',') else ()
        parts = [part for part in path.split('/') if part not in ('', '..')]
        for mount, name in mounts:
            # Down to the mount itself: in a container the path may be one of the host, and the mount is the container's own cgroup.
            for depth in range(len(parts), -1, -1):
                yield os.path.join(mount, *(parts[:depth] + [name]))


def check_memory(files):
    """The smallest limit of these files of cgroups, as it is the one that counts. `max` is none, and so is a number near 2**63."""
    stated = [(int(line), path) for path in files for line in read_lines(path) if line.isdigit()]
    allowed, path = min(stated or [(MEMORY, None)])
    if allowed < MEMORY:
        raise Wrong('%d MB of memory are allowed (%s), %d MB are needed' % (allowed // 1000 ** 2, path, MEMORY // 1000 ** 2))
