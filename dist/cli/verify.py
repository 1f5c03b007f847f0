"""Proves that the PaddlePaddle of the interpreter that runs this file computes right on one kind of device.

Needs Python 3.6 and PaddlePaddle with its own numpy. answer.json is replaced before and after every check, so a crash
leaves what was proved before it and, under "running", the check that it happened in. Exit status 0 says that all checks
were tried, not that they passed. Run it with -E, so that PYTHONPATH hides no package.
"""
import argparse
import os
import re
import sys

here = os.path.dirname(os.path.abspath(__file__))
# The files beside this one are imported from here and leave no __pycache__ here.
quiet, sys.dont_write_bytecode = sys.dont_write_bytecode, True
if here not in sys.path:
    sys.path.insert(0, here)
from all_reduce import check_all_reduce
from answer import Answer, Skip, Wrong
from arithmetic import FORMATS, check_arithmetic
from inference import check_network
from libraries import check_libraries
from memory_limits import cgroup_files, check_address_space, check_memory
from networks import check_resnet_training, check_training
sys.dont_write_bytecode = quiet
# From now on only what is installed.
sys.path[:] = [entry for entry in sys.path if entry != here]


# Seconds for all ranks together: each imports PaddlePaddle, and NCCL looks for its ways.
ALL_REDUCE_LIMIT = 90


def check_build(paddle, answer):
    """Version, commit and libraries as the build states them. Whether it is the planned one is not decided here."""
    def stated(value):
        return None if str(value) in ('False', '0', 'None', '') else str(value)
    data, build = answer.data, paddle.version
    data.update(version=paddle.__version__, commit=stated(build.commit), cudnn=stated(build.cudnn()),
                compiledWithCuda=bool(paddle.is_compiled_with_cuda()), cuda=stated(build.cuda()),
                nccl=stated(build.nccl()) if hasattr(build, 'nccl') else None)
    # Any of these distributions owns the folder paddle/. Old pips add the Python version to an egg's name.
    owner = re.compile(r'((?:amd_)?paddlepaddle(?:_[a-z]+)?)-(\d[^-]*)(?:-.*)?\.(?:dist|egg)-info$', re.IGNORECASE)
    folder = os.path.dirname(os.path.dirname(os.path.abspath(paddle.__file__)))
    data['distributions'] = [list(found.groups()) for found in map(owner.match, sorted(os.listdir(folder))) if found]
    libraries = 'CUDA %s, cuDNN %s' % (data['cuda'], data['cudnn']) if data['compiledWithCuda'] else 'no CUDA'
    return 'PaddlePaddle %s, commit %s, %s' % (data['version'], (data['commit'] or '?')[:11], libraries), None, None


def check_devices(paddle, answer, kind):
    """Fills `devices` with every device of the kind."""
    names, api = ['cpu'], paddle.device
    if kind != 'cpu':
        every = list(api.get_available_device()) + list(api.get_available_custom_device())
        names = sorted({name if ':' in name else name + ':0' for name in every if name.split(':')[0] == kind},
                       key=lambda name: int(name.split(':')[1]))
    if not names and kind == 'gpu' and not api.is_compiled_with_cuda() and not api.is_compiled_with_rocm():
        raise Wrong('no usable gpu: this build of PaddlePaddle has no CUDA')
    if not names:
        raise Wrong('no usable %s is seen by PaddlePaddle' % kind)
    for name in names:
        paddle.set_device(name)
        device = {'id': name, 'name': None, 'memoryBytes': None, 'capability': None}
        if kind == 'gpu':
            seen = api.cuda.get_device_properties(int(name.split(':')[1]))
            device.update(name=seen.name, memoryBytes=int(seen.total_memory),
                          capability='%d.%d' % (seen.major, seen.minor))
        answer.data['devices'].append(device)
    return ', '.join(filter(None, [text for d in answer.data['devices'] for text in (d['id'], d['name'])])), None, None


def check_device(paddle, np, answer, work, device):
    """Every computation on one device."""
    paddle.set_device(device)
    for name in FORMATS:
        answer.check('arithmetic-' + name, device, lambda name=name: check_arithmetic(paddle, np, device, name))
    answer.check('training', device, lambda: check_training(paddle, np, device))
    answer.check('training-resnet18', device, lambda: check_resnet_training(paddle, np, device))
    for name in ('cnn', 'resnet18', 'interpolate'):
        check_network(paddle, np, answer, work, device, name)


def check_together(answer, work, devices):
    """The all-reduce, where each of the devices computes right by itself."""
    if os.name == 'nt':
        raise Skip('PaddlePaddle has no NCCL on Windows: several GPUs do not compute together there')
    broken = {check['device'] for check in answer.data['checks'] if check['status'] == 'failed'} & set(devices)
    if broken:
        raise Skip('%s did not compute right by itself' % ', '.join(sorted(broken)))
    outcome, answer.data['libraries'] = check_all_reduce(work, devices, ALL_REDUCE_LIMIT)
    return outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--work', required=True, help='empty folder for answer.json and all that PaddlePaddle leaves')
    parser.add_argument('--device', required=True, help='kind of device as PaddlePaddle calls it: cpu, gpu, xpu, npu')
    parser.add_argument('--level', required=True, choices=['full', 'import'])
    asked = parser.parse_args()
    # At import PaddlePaddle makes ~/.cache/paddle, and saving a model leaves files in the folder for temporary ones.
    os.environ.update({name: asked.work for name in ('HOME', 'USERPROFILE', 'TMPDIR', 'TEMP', 'TMP')})
    # One thread is enough for networks of this size, and 2.x warns of any other number.
    os.environ.update({name + '_NUM_THREADS': '1' for name in ('OMP', 'OPENBLAS', 'MKL')})
    answer, modules = Answer(os.path.join(asked.work, 'answer.json')), []

    def load():
        if asked.level == 'full':
            check_address_space()
            check_memory(cgroup_files())
        import paddle
        import numpy
        modules.extend((paddle, numpy))
        return 'paddle %s from %s, numpy %s' % (paddle.__version__, paddle.__path__[0], numpy.__version__), None, None

    if answer.check('import', None, load):
        paddle, np = modules
        answer.check('build', None, lambda: check_build(paddle, answer))
        if asked.level == 'full' and answer.check('device', None, lambda: check_devices(paddle, answer, asked.device)):
            devices = [found['id'] for found in answer.data['devices']]
            for device in devices:
                check_device(paddle, np, answer, asked.work, device)
            if len(devices) > 1:
                answer.check('all-reduce', None, lambda: check_together(answer, asked.work, devices))
            answer.check('libraries', None, lambda: check_libraries(answer))
    answer.data['complete'] = True
    answer.save()


if __name__ == '__main__':
    main()
