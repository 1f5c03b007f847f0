"""Known answers without a tolerance, and what sums of rounded terms may differ by."""
import math

from answer import Skip, Wrong, close

# Unit round-off: half the distance from 1 to the next number. IEEE 754 binary32; TF32 keeps 10 bits after the point, as
# binary16 does, which plug-in devices may use in its place.
FP32, TF32 = 2.0 ** -24, 2.0 ** -11
# Round-off of n terms stays below this many standard deviations but for 1 result in 10^13 (Gaussian tail at 8).
SIGMAS = 8.0

# Number formats: PaddlePaddle's name, and the largest absolute values of the two factors.
FORMATS = {'fp32': ('float32', 8, 6), 'fp16': ('float16', 1, 1), 'bf16': ('bfloat16', 1, 1)}


def relative_round_off(terms, device):
    """What a sum of so many products may differ by for its number format alone, relative to the norm of its terms.

    The rounding errors of a sum of n terms of mean zero add up like a random walk, to about u * sqrt(n) * ||terms||
    with u the unit round-off. Accelerators may round each of the two factors to TF32 first: u' * ||terms|| for each.
    That is also more than what cuDNN's Winograd transforms of a 3 x 3 kernel add in fp32.
    """
    return SIGMAS * (FP32 * math.sqrt(terms) + (0.0 if device == 'cpu' else 2 * TF32))


def round_off(np, device, left, right):
    """What `left @ right` may differ by."""
    norm = float(np.sqrt(np.square(left) @ np.square(right)).max())
    return norm * relative_round_off(left.shape[-1], device)


def windows(np, image, size, stride=1, pad=0, outside=0.0):
    """The windows of a picture [channels, height, width] as columns [channels * size * size, count] (im2col)."""
    image = np.pad(image, ((0, 0), (pad, pad), (pad, pad)), 'constant', constant_values=outside)
    rows, columns = [(length - size) // stride + 1 for length in image.shape[1:]]
    parts = [image[:, row:row + stride * rows:stride, column:column + stride * columns:stride]
             for row in range(size) for column in range(size)]
    return np.stack(parts, axis=1).reshape(-1, rows * columns), (rows, columns)


def whole_numbers(np, shape, largest):
    """The same whole numbers from -largest to largest everywhere, without a pattern."""
    return np.random.RandomState(7).randint(-largest, largest + 1, shape)


def check_arithmetic(paddle, np, device, name):
    """Matrix product, convolution and sum of whole numbers: there is one right answer, and nothing at all may differ.

    Whole numbers are exact in any order of adding while every partial sum fits into the significand: below 2^24 in fp32
    (with factors of at most 11 bits in TF32 too), up to 2^11 in fp16 and 2^8 in bf16. Here sums stay below 4,609 in fp32
    and below 97 in the half formats. The convolution has stride 2: Winograd and FFT, which round whole numbers too, are
    methods for stride 1 only.
    """
    form, largest_left, largest_right = FORMATS[name]
    kind, _, index = device.partition(':')
    if name == 'bf16' and kind == 'gpu' and paddle.device.cuda.get_device_capability(int(index))[0] < 8:
        raise Skip('GPUs have bf16 from compute capability 8.0 on')
    left, right = whole_numbers(np, (64, 96), largest_left), whole_numbers(np, (96, 48), largest_right)
    image, weight = whole_numbers(np, (1, 6, 9, 9), largest_left), whole_numbers(np, (4, 6, 3, 3), largest_right)
    columns, size = windows(np, image[0], 3, 2)

    def tensor(values):
        return paddle.to_tensor(values.astype('float32')).astype(form)

    cases = (('matrix product', left @ right, lambda: paddle.matmul(tensor(left), tensor(right))),
             ('convolution', (weight.reshape(4, -1) @ columns).reshape((1, 4) + size),
              lambda: paddle.nn.functional.conv2d(tensor(image), tensor(weight), stride=2)),
             ('sum', left.sum(axis=1), lambda: tensor(left).sum(axis=1)))
    right_ones, lacking = [], []
    for what, exact, compute in cases:
        try:
            result = compute()
        except (RuntimeError, NotImplementedError) as error:
            # Not every device has half formats, and the CPU has them for some operators.
            if name == 'fp32' or not lacks_kernel(error):
                raise
            lacking.append(what)
            continue
        if str(result.place) != 'Place(%s)' % device:
            raise Wrong('the result is on %s instead of %s' % (result.place, device))
        close(np, 'the ' + what, result.astype('float32').numpy(), exact, 0.0)
        right_ones.append(what)
    if not right_ones:
        raise Skip('this build has no %s on this kind of device' % name)
    absent = '; no %s for %s' % (name, ', '.join(lacking)) if lacking else ''
    return '%s exact%s' % (', '.join(right_ones), absent), 0.0, 0.0


def lacks_kernel(error):
    """Whether an operator has no code for this number format on this device."""
    return any(text in str(error) for text in ('is not registered', 'kernel_iter == iter->second.end()'))
