"""Networks with weights of our own, and what they must give: the same arithmetic in numpy, in float64."""
import math

from answer import Skip, close
from arithmetic import relative_round_off, round_off, windows


def draw(np, random, parameter):
    """Random weights of mean zero and variance 1/inputs, so that no layer makes an error larger."""
    shape = list(parameter.shape)
    inputs = {1: 1, 2: shape[0], 4: int(np.prod(shape[1:]))}[len(shape)]
    return random.standard_normal(shape) / math.sqrt(inputs)


def prepare(paddle, np, name):
    """(network, its weights, a picture [1, 3, side, side]); the same everywhere."""
    if name == 'resnet18':
        return prepare_resnet(paddle, np)
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
        parameter.set_value(draw(np, random, parameter).astype('float32'))
        values[key] = parameter.numpy().astype('float64')
    return net, values, random.standard_normal((1, 3, side, side)).astype('float32')


def draw_resnet(np, net):
    """Weights of ResNet-18, and statistics and scales of its batch normalisations around one or zero, as training leaves them."""
    random = np.random.RandomState(5)
    for key, parameter in net.named_parameters():
        if key.endswith('._variance'):
            drawn = random.uniform(0.5, 1.5, parameter.shape)
        elif len(parameter.shape) == 1:
            drawn = random.normal(1.0 if key.endswith('.weight') else 0.0, 0.1, parameter.shape)
        else:
            drawn = draw(np, random, parameter)
        yield key, drawn.astype('float32')


def prepare_resnet(paddle, np, drawn={}):
    """paddle.vision's ResNet-18. `drawn` keeps its 11.7 million weights from one call to the next."""
    models = getattr(getattr(paddle, 'vision', None), 'models', None)
    if models is None:
        raise Skip('this build has no paddle.vision')
    net = models.resnet18(pretrained=False)
    if not drawn:
        drawn.update(draw_resnet(np, net))
    for key, parameter in net.named_parameters():
        parameter.set_value(drawn[key])
    net.eval()
    return net, drawn, np.random.RandomState(6).standard_normal((1, 3, 64, 64)).astype('float32')


def convolve(np, device, image, values):
    """A 3 x 3 convolution as one matrix product: (result [out, windows], windows as columns, round-off)."""
    columns, _ = windows(np, image[0].astype('float64'), 3)
    weight = values['conv.weight'].reshape(-1, len(columns))
    return weight @ columns + values['conv.bias'][:, None], columns, round_off(np, device, weight, columns)


def reference(np, device, name, values, image):
    """What a network gives for a picture, in float64, and what fp32 may differ by."""
    if name == 'resnet18':
        return resnet(np, device, values, image)
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


def resnet(np, device, values, image):
    """ResNet-18 (He et al., 2015), evaluated: (the 1,000 outputs, what fp32 may differ by).

    Each of the 21 layers with weights adds an error of its own, relative to what it gives. Weights of mean zero pass an
    error on as they pass on the signal, and ReLU and maximum never make one larger, so the relative errors, which are
    independent, add up by their squares.
    """
    values, squares = {key: value.astype('float64') for key, value in values.items()}, []

    def convolution(data, key, norm, stride, pad):
        weight = values[key + '.weight']
        columns, size = windows(np, data, weight.shape[2], stride, pad)
        squares.append(relative_round_off(len(columns), device) ** 2)
        scale = values[norm + '.weight'] / np.sqrt(values[norm + '._variance'] + 1e-5)
        result = weight.reshape(len(weight), -1) @ columns - values[norm + '._mean'][:, None]
        return (result * scale[:, None] + values[norm + '.bias'][:, None]).reshape((len(weight),) + size)

    data = np.maximum(convolution(image[0].astype('float64'), 'conv1', 'bn1', 2, 3), 0.0)
    columns, size = windows(np, data, 3, 2, 1, -np.inf)
    data = columns.reshape(64, 9, -1).max(axis=1).reshape((64,) + size)
    for block in ('layer%d.%d' % (layer, part) for layer in (1, 2, 3, 4) for part in (0, 1)):
        stride, shortcut = (1, data) if block + '.downsample.0.weight' not in values else (
            2, convolution(data, block + '.downsample.0', block + '.downsample.1', 2, 0))
        inner = np.maximum(convolution(data, block + '.conv1', block + '.bn1', stride, 1), 0.0)
        data = np.maximum(convolution(inner, block + '.conv2', block + '.bn2', 1, 1) + shortcut, 0.0)
    result = data.mean(axis=(1, 2))[None] @ values['fc.weight'] + values['fc.bias']
    squares.append(relative_round_off(512, device) ** 2)
    return result, math.sqrt(sum(squares)) * float(np.sqrt(np.square(result).mean()))


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


def watch_kinks(paddle, np, net, sides=None):
    """Records which side every ReLU takes and what the maximum is taken of, or lets float64 take the `sides` recorded.

    Gives the list of records, or of how far float64 was from taking the recorded side, as a share of the layer's size.
    """
    seen, functional = [], paddle.nn.functional
    pending = None if sides is None else list(sides)

    def relu(_, given, result):
        if pending is None:
            seen.append(result.numpy() > 0)
            return None
        mask, values = pending.pop(0), given[0].numpy()
        other = np.abs(values[(values > 0) != mask])
        seen.append(float(other.max() / np.sqrt(np.square(values).mean())) if other.size else 0.0)
        return given[0] * paddle.to_tensor(mask.astype('float64'))

    def maximum(layer, given, result):
        if pending is None:
            seen.append(given[0].numpy())
            return None
        _, chosen = functional.max_pool2d(paddle.to_tensor(pending.pop(0).astype('float64')), 3, 2, 1, return_mask=True)
        flat = list(result.shape[:2]) + [-1]
        return paddle.take_along_axis(given[0].reshape(flat), chosen.astype('int64').reshape(flat), 2).reshape(result.shape)

    for layer in net.sublayers():
        if isinstance(layer, paddle.nn.ReLU):
            layer.register_forward_post_hook(relu)
        elif isinstance(layer, paddle.nn.MaxPool2D):
            layer.register_forward_post_hook(maximum)
    return seen


def check_resnet_training(paddle, np, device):
    """One step of SGD on ResNet-18 with the statistics of the batch, against the CPU's float64.

    A ReLU whose input is nearer to zero than its error may take the other side, and a maximum of two values nearly the same
    the other one: a whole share of the gradient is then there in one result and missing in the other. So float64 takes the
    sides that the device took, each of which it must itself be within the round-off of; what is left is smooth.

    A gradient has gone through 21 layers forward and 21 backward, and one product more for the weight. The normalisation
    of a layer uses its rounded input twice, which counts each of them double: 86 errors that are independent of one another.
    """
    def step(kind, where, sides=None):
        paddle.set_device(where)
        net, values, _ = prepare_resnet(paddle, np)
        net.to(dtype=kind)
        net.train()
        seen = watch_kinks(paddle, np, net, sides)
        images = np.random.RandomState(6).standard_normal((8, 3, 32, 32)).astype(kind)
        loss = 0.5 * paddle.square(net(paddle.to_tensor(images))).mean()
        loss.backward()
        paddle.optimizer.SGD(learning_rate=1.0, parameters=net.parameters()).step()
        after = {key: parameter.numpy().astype('float64') for key, parameter in net.named_parameters()
                 if not parameter.stop_gradient}
        return float(loss), {key: after[key] - values[key] for key in after}, seen

    try:
        loss, taken, sides = step('float32', device)
        right_loss, right_step, strayed = step('float64', 'cpu', sides)
    finally:
        paddle.set_device(device)
    norm = math.sqrt(sum(float(np.square(part).sum()) for part in right_step.values()))
    apart = math.sqrt(sum(float(np.square(taken[key] - right_step[key]).sum()) for key in right_step))
    slack = relative_round_off(9 * 512, device) * math.sqrt(86)
    close(np, 'the loss', np.float64(loss / right_loss), np.float64(1.0), slack)
    close(np, 'the input of a ReLU that took the other side', np.float64(max(strayed)), np.float64(0.0), slack)
    return close(np, 'the step, as a share of its length,', np.float64(apart / norm), np.float64(0.0), slack)
