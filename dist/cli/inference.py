"""Saved models, run by paddle.inference."""
import os

from answer import Skip, Wrong, close
from networks import prepare, reference


def predict(paddle, path, device, onednn, image):
    """Runs a saved model."""
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


def has_onednn(paddle):
    """Whether the build has oneDNN; `base` was called `fluid` up to 2.5."""
    return (getattr(paddle, 'base', None) or paddle.fluid).core.is_compiled_with_mkldnn()


def check_network(paddle, np, answer, work, device, name):
    """Eager against numpy, then saved, loaded and run by paddle.inference against eager."""
    path, made, results = os.path.join(work, '%s-%s' % (name, device.replace(':', '-'))), [], []

    def eager():
        net, values, image = prepare(paddle, np, name)
        expected, slack = reference(np, device, name, values, image)
        made.append((net, image, slack))
        with paddle.no_grad():
            results.append(net(paddle.to_tensor(image)).numpy())
        return close(np, 'the output %s' % list(results[0].shape), results[0], expected, slack)

    def inference(onednn):
        if not results:
            raise Skip('there is no eager result to compare with')
        if onednn and not has_onednn(paddle):
            raise Skip('this build has no oneDNN')
        net, image, slack = made[0]
        if not os.path.exists(path + '.pdiparams'):
            paddle.jit.save(net, path, input_spec=[paddle.static.InputSpec(list(image.shape), 'float32')])
        # Both sides round, so twice the slack of one.
        return close(np, 'the output of the saved model', predict(paddle, path, device, onednn, image),
                     results[0].astype('float64'), 2 * slack)

    answer.check('eager-' + name, device, eager)
    answer.check('inference-' + name, device, lambda: inference(False))
    if device == 'cpu':
        answer.check('inference-%s-onednn' % name, device, lambda: inference(True))
