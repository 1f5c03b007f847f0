"""The answer of verify.py: a JSON file that is replaced before and after every check, and the outcomes that a check can have."""
import json
import math
import os
import sys
import time
import traceback


class Wrong(Exception):
    """A check that ran to its end with the wrong answer: (detail,) or (detail, difference, tolerance); `text` explains it."""

    def __init__(self, *outcome, **more):
        super(Wrong, self).__init__(*outcome)
        self.text = more.get('text')


class Skip(Exception):
    """A check that has no meaning here; its text is the reason."""


class Answer:
    """The JSON file and the checks in it."""

    def __init__(self, path):
        self.path = path
        self.data = dict.fromkeys(('version', 'commit', 'compiledWithCuda', 'cuda', 'cudnn', 'nccl', 'driver', 'running'))
        self.data.update(python=sys.version.split()[0], distributions=[], devices=[], libraries=[], checks=[], complete=False)

    def save(self):
        with open(self.path + '.new', 'w') as file:
            json.dump(self.data, file, allow_nan=False)
        os.replace(self.path + '.new', self.path)

    def check(self, name, device, work):
        """Runs one check; `work` returns (detail, difference, tolerance) or raises. True: it did not fail."""
        self.data['running'] = {'id': name, 'device': device}
        self.save()
        begun, difference, tolerance, text = time.time(), None, None, None
        try:
            status, (detail, difference, tolerance) = 'passed', work()
        except Skip as reason:
            status, detail = 'skipped', str(reason)
        except Wrong as wrong:
            status, (detail, difference, tolerance), text = 'failed', (wrong.args + (None, None))[:3], wrong.text
        except (Exception, SystemExit) as error:
            status, detail = 'failed', ('%s: %s' % (type(error).__name__, last_line(error)))[:400]
            text = traceback.format_exc()[-16000:]
        self.data['checks'].append({
            'id': name, 'device': device, 'status': status, 'seconds': round(time.time() - begun, 3), 'detail': detail,
            'difference': difference if difference is not None and math.isfinite(difference) else None,
            'tolerance': tolerance, 'error': text})
        self.data['running'] = None
        self.save()
        return status != 'failed'


def last_line(error):
    """PaddlePaddle's own errors begin with a C++ traceback and end with the message."""
    return ([line.strip() for line in str(error).splitlines() if line.strip()] or [''])[-1]


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
