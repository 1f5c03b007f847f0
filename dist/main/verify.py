"""Proves that the PaddlePaddle of the interpreter that runs this file computes right on one kind of device.

Needs Python 3.6 and PaddlePaddle with its own numpy. answer.json is replaced before and after every check, so a crash
leaves what was proved before it and, under "running", the check that it happened in. Exit status 0 says that all checks
were tried, not that they passed. Run it with -E, so that PYTHONPATH hides no package.
"""
import argparse
import json
import math
import os
import re
import sys
import time
import traceback

# Unit round-off: half the distance from 1 to the next number (IEEE 754 binary32; TF32 keeps 10 bits after the point).
FP32, TF32 = 2.0 ** -24, 2.0 ** -11
# Round-off of n terms stays below this many standard deviations but for 1 result in 10^13 (Gaussian tail at 8).
SIGMAS = 8.0


class Wrong(Exception):
    """A check that ran to its end with the wrong answer: (detail,) or (detail, difference, tolerance)."""


class Skip(Exception):
    """A check that has no meaning here; its text is the reason."""


class Answer:
    """The JSON file and the checks in it."""

    def __init__(self, path):
        self.path = path
        self.data = dict.fromkeys(('version', 'commit', 'compiledWithCuda', 'cuda', 'cudnn', 'nccl', 'running'))
        self.data.update(python=sys.version.split()[0], distributions=[], devices=[], checks=[], complete=False)

    def save(self):
        with open(self.path + '.new', 'w') as file:
            json.dump(self.data, file, allow_nan=False)
        os.replace(self.path + '.new', self.path)

    def check(self, name, device, work):
        """Runs one check; `work` returns (detail, difference, tolerance) or raises. True: passed."""
        self.data['running'] = {'id': name, 'device': device}
        self.save()
        begun, difference, tolerance, text = time.time(), None, None, None
        try:
            status, (detail, difference, tolerance) = 'passed', work()
        except Skip as reason:
            status, detail = 'skipped', str(reason)
        except Wrong as wrong:
            status, (detail, difference, tolerance) = 'failed', (wrong.args + (None, None))[:3]
        except (Exception, SystemExit) as error:
            # PaddlePaddle's own errors begin with a C++ traceback and end with the message.
            last = ([line.strip() for line in str(error).splitlines() if line.strip()] or [''])[-1]
            status, detail = 'failed', ('%s: %s' % (type(error).__name__, last))[:400]
            text = traceback.format_exc()[-16000:]
        self.data['checks'].append({
            'id': name, 'device': device, 'status': status, 'seconds': round(time.time() - begun, 3), 'detail': detail,
            'difference': difference if difference is not None and math.isfinite(difference) else None,
            'tolerance': tolerance, 'error': text})
        self.data['running'] = None
        self.save()
        return status == 'passed'


def close(np, what, got, expected, tolerance):
    """The outcome of a comparison: the largest difference of all elements, which must not exceed `tolerance`."""
    got = np.asarray(got, dtype='float64')
    if got.shape != expected.shape:
        raise Wrong('%s has the shape %s instead of %s' % (what, list(got.shape), list(expected.shape)))
    difference = float(np.max(np.abs(got - expected)))
    # A NaN compares as false, so it never passes.
    if not difference <= tolerance:
        raise Wrong('%s differs by %.3g where %.3g is allowed' % (what, difference, tolerance), difference, tolerance)
    return '%s differs by %.3g at most' % (what, difference), difference, tolerance


def round_off(np, device, left, right):
    """What `left @ right` may differ by for its number format alone.

    The rounding errors of a sum of n terms of mean zero add up like a random walk, to about u * sqrt(n) * ||terms||
    with u the unit round-off. Accelerators may round each of the two factors to TF32 first: u' * ||terms|| for each.
    """
    norm = float(np.sqrt(np.square(left) @ np.square(right)).max())
    return SIGMAS * norm * (FP32 * math.sqrt(left.shape[-1]) + (0.0 if device == 'cpu' else 2 * TF32))


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
        names = sorted({name if ':' in name else name + ':0' for name in every if name.split(':')[0] == kind})
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


def check_arithmetic(paddle, np, device):
    """Whole numbers below 2^24 are exact in fp32 in any order of adding, and factors of at most 11 bits are exact in
    TF32 too: products and sums have one right answer, so nothing at all may differ."""
    left, right = np.arange(64 * 96).reshape(64, 96) % 17 - 8, np.arange(96 * 48).reshape(96, 48) % 13 - 6
    product = paddle.matmul(paddle.to_tensor(left.astype('float32')), paddle.to_tensor(right.astype('float32')))
    if str(product.place) != 'Place(%s)' % device:
        raise Wrong('the result is on %s instead of %s' % (product.place, device))
    exact = left @ right
    close(np, 'the sum', product.sum(axis=0).numpy(), exact.sum(axis=0), 0.0)
    return close(np, 'the matrix product', product.numpy(), exact, 0.0)


def prepare(paddle, np, name):
    """(network, its weights as float64, a picture [1, 3, side, side]); the same everywhere. Weights have mean zero and
    variance 1/inputs, so that no layer makes an error larger."""
    nn, side = paddle.nn, 32 if name == 'cnn' else 8
    if name == 'interpolate':
        # A scale that is a float: what oneDNN of 3.3.0 and 3.3.1 fails on.
        rest = [('interpolate', nn.Upsample(scale_factor=2.0))]
    elif name == 'cnn':
        rest = [('relu', nn.ReLU()), ('pool', nn.MaxPool2D(2, 2)), ('flatten', nn.Flatten()),
                ('linear', nn.Linear(32 * 15 * 15, 10))]
    else:
        # Smooth all through: no maximum or ReLU whose gradient jumps where two values are nearly the same.
        rest = [('tanh', nn.Tanh()), ('pool', nn.AvgPool2D(2, 2)), ('flatten', nn.Flatten()),
                ('linear', nn.Linear(36, 2))]
    # No forward of ours: saving one needs its source, and 2.x allows it no name of an enclosing function.
    net = nn.Sequential(('conv', nn.Conv2D(3, 32 if name == 'cnn' else 4, 3)), *rest)
    random, values = np.random.RandomState(5), {}
    for key, parameter in net.named_parameters():
        shape = list(parameter.shape)
        inputs = {1: 1, 2: shape[0], 4: int(np.prod(shape[1:]))}[len(shape)]
        parameter.set_value((random.standard_normal(shape) / math.sqrt(inputs)).astype('float32'))
        values[key] = parameter.numpy().astype('float64')
    return net, values, random.standard_normal((1, 3, side, side)).astype('float32')


def convolve(np, device, image, values):
    """A 3 x 3 convolution as one matrix product: (result [out, windows], windows as columns (im2col), round-off)."""
    image, side = image[0].astype('float64'), image.shape[2] - 2
    columns = np.stack([image[channel, row:row + side, column:column + side].ravel()
                        for channel in range(3) for row in range(3) for column in range(3)])
    weight = values['conv.weight'].reshape(-1, len(columns))
    return weight @ columns + values['conv.bias'][:, None], columns, round_off(np, device, weight, columns)


def reference(np, device, name, values, image):
    """What a network gives for a picture, in float64, and what fp32 may differ by."""
    result, _, slack = convolve(np, device, image, values)
    half = image.shape[2] // 2 - 1
    if name == 'interpolate':
        # The nearest neighbour of an element at twice the size is the element that it came from, unchanged.
        return result.reshape(-1, 2 * half, 2 * half).repeat(2, axis=1).repeat(2, axis=2)[None], slack
    pooled = np.maximum(result, 0.0).reshape(-1, half, 2, half, 2).max(axis=(2, 4)).reshape(1, -1)
    weight = values['linear.weight']
    # ReLU and maximum pass the convolution's error on as it is; the linear layer adds it up as it does terms.
    passed_on = slack * float(np.sqrt(np.square(weight).sum(axis=0)).max())
    return pooled @ weight + values['linear.bias'], passed_on + round_off(np, device, pooled, weight)


def check_training(paddle, np, device):
    """Forward, backward and one step of SGD on half the squared error, against the chain rule written out."""
    net, values, image = prepare(paddle, np, 'training')
    rate, target = 0.5, np.array([[0.5, -0.25]], dtype='float32')
    loss = 0.5 * paddle.square(net(paddle.to_tensor(image)) - paddle.to_tensor(target)).sum()
    loss.backward()
    paddle.optimizer.SGD(learning_rate=rate, parameters=net.parameters()).step()
    result, columns, slack = convolve(np, device, image, values)
    active, weight = np.tanh(result), values['linear.weight']
    pooled = active.reshape(4, 3, 2, 3, 2).mean(axis=(2, 4)).reshape(1, -1)
    error = pooled @ weight + values['linear.bias'] - target
    spread = (weight @ error[0]).reshape(4, 3, 3).repeat(2, axis=1).repeat(2, axis=2) / 4
    inner = spread.reshape(4, -1) * (1 - np.square(active))
    gradients = {'conv.weight': inner @ columns.T, 'conv.bias': inner.sum(axis=1),
                 'linear.weight': pooled.T @ error, 'linear.bias': error[0]}
    # Four matrix products follow one another. Their errors are added, and doubled for what later ones make of earlier.
    for left, right in ((pooled, weight), (pooled.T, error), (inner, columns.T)):
        slack += round_off(np, device, left, right)
    close(np, 'the loss', loss.numpy().reshape(()), 0.5 * np.square(error).sum(), 2 * slack)
    return max((close(np, key + ' after one step', parameter.numpy(),
                      values[key] - rate * gradients[key].reshape(parameter.shape), 2 * slack)
                for key, parameter in net.named_parameters()), key=lambda outcome: outcome[1])


def predict(paddle, path, device, onednn, image):
    """Runs a saved model with paddle.inference."""
    # PaddlePaddle 3 saves the program as JSON (PIR), 2.x as a protobuf message.
    program = next(path + end for end in ('.json', '.pdmodel') if os.path.exists(path + end))
    config = paddle.inference.Config(program, path + '.pdiparams')
    config.disable_glog_info()
    config.set_cpu_math_library_num_threads(1)
    kind, _, index = device.partition(':')
    if kind == 'gpu':
        config.enable_use_gpu(64, int(index))
    elif kind == 'xpu':
        config.enable_xpu()
        config.set_xpu_device_id(int(index))
    elif kind != 'cpu':
        config.enable_custom_device(kind, int(index))
    elif onednn:
        config.enable_mkldnn()
    elif config.mkldnn_enabled():
        config.disable_mkldnn()
    if kind == 'cpu' and config.mkldnn_enabled() != onednn:
        raise Wrong('oneDNN could not be switched %s' % ('on' if onednn else 'off'))
    predictor = paddle.inference.create_predictor(config)
    predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(image)
    predictor.run()
    return predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()


def check_network(paddle, np, answer, work, device, name):
    """Eager against numpy, then saved, loaded and run by paddle.inference against eager."""
    net, values, image = prepare(paddle, np, name)
    expected, slack = reference(np, device, name, values, image)
    path, results = os.path.join(work, '%s-%s' % (name, device.replace(':', '-'))), []

    def eager():
        with paddle.no_grad():
            results.append(net(paddle.to_tensor(image)).numpy())
        return close(np, 'the output %s' % list(results[0].shape), results[0], expected, slack)

    def inference(onednn):
        if not results:
            raise Skip('there is no eager result to compare with')
        if onednn and not paddle.base.core.is_compiled_with_mkldnn():
            raise Skip('this build has no oneDNN')
        if not os.path.exists(path + '.pdiparams'):
            paddle.jit.save(net, path, input_spec=[paddle.static.InputSpec(list(image.shape), 'float32')])
        # Both sides round, so twice the slack of one.
        return close(np, 'the output of the saved model', predict(paddle, path, device, onednn, image),
                     results[0].astype('float64'), 2 * slack)

    answer.check('eager-' + name, device, eager)
    answer.check('inference-' + name, device, lambda: inference(False))
    if device == 'cpu':
        answer.check('inference-%s-onednn' % name, device, lambda: inference(True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--work', required=True, help='empty folder for answer.json and all that PaddlePaddle leaves')
    parser.add_argument('--device', required=True, help='kind of device as PaddlePaddle calls it: cpu, gpu, xpu, npu')
    parser.add_argument('--level', required=True, choices=['full', 'import'])
    asked = parser.parse_args()
    sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(os.path.abspath(__file__))]
    # At import PaddlePaddle makes ~/.cache/paddle, and saving a model leaves files in the folder for temporary ones.
    os.environ.update({name: asked.work for name in ('HOME', 'USERPROFILE', 'TMPDIR', 'TEMP', 'TMP')})
    # One thread is enough for networks of this size, and 2.x warns of any other number.
    os.environ.update({name + '_NUM_THREADS': '1' for name in ('OMP', 'OPENBLAS', 'MKL')})
    answer, modules = Answer(os.path.join(asked.work, 'answer.json')), []

    def load():
        import paddle
        import numpy
        modules.extend((paddle, numpy))
        return 'paddle %s from %s, numpy %s' % (paddle.__version__, paddle.__path__[0], numpy.__version__), None, None

    if answer.check('import', None, load):
        paddle, np = modules
        answer.check('build', None, lambda: check_build(paddle, answer))
        if asked.level == 'full' and answer.check('device', None, lambda: check_devices(paddle, answer, asked.device)):
            for device in [found['id'] for found in answer.data['devices']]:
                paddle.set_device(device)
                answer.check('arithmetic', device, lambda: check_arithmetic(paddle, np, device))
                answer.check('training', device, lambda: check_training(paddle, np, device))
                for name in ('cnn', 'interpolate'):
                    check_network(paddle, np, answer, asked.work, device, name)
    answer.data['complete'] = True
    answer.save()


if __name__ == '__main__':
    main()
