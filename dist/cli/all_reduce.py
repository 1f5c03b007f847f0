"""Whether the devices of one machine compute together: a sum over all of them (all-reduce), one process a device.

On GPUs that is NCCL's work, on the CPU gloo's. Run as a program, this file is one of the processes.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time

from answer import Wrong
from libraries import loaded_libraries

# Four MiB of fp32: more than the small messages for which NCCL takes another way.
ELEMENTS = 1 << 20


def free_ports(count):
    """Ports that were free a moment ago, all at once so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(('127.0.0.1', 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def surroundings(kind, rank, ports):
    """What init_parallel_env() reads of the environment."""
    endpoints = ['127.0.0.1:%d' % port for port in ports]
    told = {'PADDLE_TRAINER_ID': str(rank), 'PADDLE_TRAINERS_NUM': str(len(ports)), 'PADDLE_MASTER': endpoints[0],
            'PADDLE_TRAINER_ENDPOINTS': ','.join(endpoints), 'PADDLE_CURRENT_ENDPOINT': endpoints[rank]}
    if kind == 'cpu':
        told['PADDLE_DISTRI_BACKEND'] = 'gloo'
    else:
        told['FLAGS_selected_%ss' % kind] = str(rank)
        # Without it NCCL names an error's kind and keeps its reason to itself.
        told['NCCL_DEBUG'] = os.environ.get('NCCL_DEBUG', 'WARN')
    return dict(os.environ, **told)


def describe(code):
    if code >= 0:
        return 'ended with exit status %d' % code
    return 'was killed by %s' % signal.Signals(-code).name


def read(path):
    with open(path, errors='replace') as file:
        return file.read()


def check_all_reduce(work, devices, limit):
    """Starts one process for each of `devices` (`gpu:0`, ...) and waits `limit` seconds for all. None of them is left.

    Returns the outcome of the check, and the libraries that the first process had loaded: NCCL is in no other.
    """
    folder = os.path.join(work, 'all-reduce')
    os.mkdir(folder)
    # -B: the files beside this one get no __pycache__.
    flags = ['-E', '-B'] + ['-s'] * sys.flags.no_user_site
    ports, processes = free_ports(len(devices)), []
    logs = [os.path.join(folder, 'rank-%d.log' % rank) for rank in range(len(devices))]
    try:
        for rank, device in enumerate(devices):
            with open(logs[rank], 'w') as log:
                processes.append(subprocess.Popen(
                    [sys.executable] + flags + [os.path.abspath(__file__), folder, device], stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, env=surroundings(device.split(':')[0], rank, ports)))
        deadline = time.time() + limit
        while any(one.poll() is None for one in processes) and not any(one.poll() for one in processes):
            if time.time() > deadline:
                break
            time.sleep(0.02)
    finally:
        # Where one died the others wait for it in vain.
        codes = [one.poll() for one in processes]
        for one in processes:
            if one.poll() is None:
                one.kill()
            one.wait()
    for rank, code in enumerate(codes):
        if code:
            raise Wrong('rank %d of %d (%s) %s' % (rank, len(devices), devices[rank], describe(code)), text=read(logs[rank]))
    if None in codes:
        waiting = ', '.join(devices[rank] for rank, code in enumerate(codes) if code is None)
        raise Wrong('the all-reduce did not end within %g s, waiting for %s' % (limit, waiting), text=''.join(map(read, logs)))
    # 1 + 2 + ... + n times a whole number: exact in fp32.
    total = len(devices) * (len(devices) + 1) // 2
    answers = [json.loads(read(os.path.join(folder, 'rank-%d.json' % rank))) for rank in range(len(devices))]
    for device, found in zip(devices, answers):
        if found['difference'] != 0:
            raise Wrong('the sum on %s differs by %s where 0 is allowed' % (device, found['difference']))
    return ('%d ranks, %d times every element, exact' % (len(devices), total), 0.0, 0.0), answers[0]['libraries']


def main(folder, device):
    import numpy as np
    import paddle
    import paddle.distributed as distributed
    rank, ranks = int(os.environ['PADDLE_TRAINER_ID']), int(os.environ['PADDLE_TRAINERS_NUM'])
    paddle.set_device(device)
    distributed.init_parallel_env()
    part = np.arange(ELEMENTS) % 1000
    data = paddle.to_tensor((part * (rank + 1)).astype('float32'))
    distributed.all_reduce(data)
    difference = float(np.abs(data.numpy() - part * (ranks * (ranks + 1) // 2)).max())
    with open(os.path.join(folder, 'rank-%d.json' % rank), 'w') as file:
        json.dump({'difference': difference, 'libraries': loaded_libraries()}, file)


if __name__ == '__main__':
    main(*sys.argv[1:])
