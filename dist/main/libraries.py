"""The libraries that this process has loaded, with the version that each states itself: not the one PaddlePaddle was compiled with."""
import ctypes
import os
import re


def from_pointer(function):
    """`int function(int *version)`, where 0 is success."""
    version = ctypes.c_int(0)
    return version.value if function(ctypes.byref(version)) == 0 else None


def from_result(function):
    """`size_t function()`."""
    function.restype = ctypes.c_size_t
    return function()


class OneDnn(ctypes.Structure):
    """The beginning of dnnl_version_t."""
    _fields_ = [('major', ctypes.c_int), ('minor', ctypes.c_int), ('patch', ctypes.c_int)]


def from_onednn(function):
    """`const dnnl_version_t *dnnl_version()`."""
    function.restype = ctypes.POINTER(OneDnn)
    seen = function().contents
    return '%d.%d.%d' % (seen.major, seen.minor, seen.patch)


def cuda(number):
    """CUDART_VERSION: 12060 is 12.6."""
    return '%d.%d' % (number // 1000, number % 1000 // 10)


def thousands(number):
    """CUDNN_VERSION up to 8 (8907 is 8.9.7) and NCCL_VERSION_CODE up to 2.8 (2804 is 2.8.4)."""
    return '%d.%d.%d' % (number // 1000, number % 1000 // 100, number % 100)


def ten_thousands(number):
    """CUDNN_VERSION from 9 on (90501 is 9.5.1), NCCL_VERSION_CODE from 2.9 on (22602 is 2.26.2), CUBLAS_VERSION (120604)."""
    return '%d.%d.%d' % (number // 10000, number % 10000 // 100, number % 100)


def either(number):
    return ten_thousands(number) if number >= 20000 else thousands(number)


# Name, file name, function that states the version, how it is called, how its number is read.
KNOWN = (
    ('CUDA runtime', r'libcudart(?:-[0-9a-f]+)?\.so[\d.]*', 'cudaRuntimeGetVersion', from_pointer, cuda),
    ('CUDA driver', r'libcuda\.so[\d.]*', 'cuDriverGetVersion', from_pointer, cuda),
    ('cuBLAS', r'libcublasLt\.so[\d.]*', 'cublasLtGetVersion', from_result, ten_thousands),
    ('cuDNN', r'libcudnn\.so[\d.]*', 'cudnnGetVersion', from_result, either),
    ('NCCL', r'libnccl\.so[\d.]*', 'ncclGetVersion', from_pointer, either),
    ('oneDNN', r'lib(?:dnnl|mkldnn)\.so[\d.]*', 'dnnl_version', from_onednn, str),
)


def mapped_files():
    """Files that are mapped into this process, each once. Linux alone tells them in a file (proc(5))."""
    try:
        with open('/proc/self/maps') as file:
            lines = [line.split(None, 5) for line in file]
    except OSError:
        return []
    return sorted({fields[5].rstrip('\n') for fields in lines if len(fields) == 6 and fields[5].startswith('/')})


def loaded_libraries():
    """Every known library in this process: [{name, version, path}]; version is null where it does not state one."""
    found = []
    for path in mapped_files():
        for name, pattern, function, call, read in KNOWN:
            if not re.match(pattern + '$', os.path.basename(path)):
                continue
            try:
                # It is loaded already, so this is a handle on it and loads nothing.
                number = call(getattr(ctypes.CDLL(path), function))
            except (OSError, AttributeError):
                number = None
            found.append({'name': name, 'version': None if number is None else read(number), 'path': path})
    return found


def driver_version():
    """Version of the NVIDIA driver as its management library (NVML) states it, or None where there is none."""
    try:
        nvml = ctypes.CDLL('nvml.dll' if os.name == 'nt' else 'libnvidia-ml.so.1')
        text = ctypes.create_string_buffer(96)
        if nvml.nvmlInit_v2() != 0:
            return None
        known = nvml.nvmlSystemGetDriverVersion(text, len(text)) == 0
        nvml.nvmlShutdown()
        return text.value.decode() if known else None
    except (OSError, AttributeError):
        return None


def check_libraries(answer):
    """Fills `driver` and adds to `libraries` what this process has loaded. Whether it fits is not decided here."""
    libraries = answer.data['libraries']
    libraries.extend(one for one in loaded_libraries() if one not in libraries)
    answer.data['driver'] = driver_version()
    told = ['%s %s' % (library['name'], library['version'] or '(unknown version)') for library in answer.data['libraries']]
    driver = ['driver ' + answer.data['driver']] if answer.data['driver'] else []
    return ', '.join(told + driver) or 'this system does not tell what is loaded', None, None
