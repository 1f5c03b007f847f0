import { advise, type Given, nearest, type Report, show } from './rules.js';

/** What people call devices that have another name here: vendors, their products, the words of other frameworks. */
const alsoCalled: Readonly<Record<string, string>> = {
  nvidia: 'gpu',
  kunlun: 'xpu',
  kunlunxin: 'xpu',
  ascend: 'npu',
  huawei: 'npu',
  hygon: 'dcu',
  cambricon: 'mlu',
  enflame: 'gcu',
  metax: 'maca',
  iluvatar: 'ixuca',
};

/** Hardware that no device of the catalogue serves, with what is known of it (documented by the vendors; Paddle#72578, Paddle#76215). */
const unserved: readonly (readonly [words: RegExp, text: string])[] = [
  [
    /^(?:amd|radeon|rocm|hip)/,
    "GPUs of AMD are served by AMD's own distribution alone (amd-paddlepaddle on AMD's index); `dcu` is Hygon's",
  ],
  [
    /^(?:jetson|orin|xavier|tegra|jetpack)/,
    "NVIDIA's Jetson has no build on any index, only wheels for single versions of JetPack on PaddlePaddle's download pages",
  ],
  [/^(?:mps|metal|apple|m[1-4]$)/, 'on macOS PaddlePaddle has CPU builds alone'],
  [/^(?:sdaa|teco)/, "of Tecorigin's packages nothing is known here"],
  [/^(?:intel|arc$|sycl|oneapi)/, 'PaddlePaddle has no build for GPUs of Intel'],
];

/** The device that was probably meant: by another name of it, by a CUDA version (`cuda-12.6`, `12.6`), else by the nearest spelling. */
function meant(text: string, known: readonly string[]): string {
  const [, major = '', minor = ''] = /^(?:cuda|cu)?[-_ ]?(\d{2})\.?(\d)$/.exec(text) ?? [];
  const words = [alsoCalled[text], `cu${major}${minor}`, /^(?:cuda|gpu)\D*$/.test(text) ? 'gpu' : ''];
  return words.find((one) => known.includes(one ?? '')) ?? nearest(text, known);
}

/** A device of the catalogue, `auto` or `gpu`. */
export function readDevice(given: Given, devices: readonly string[], report: Report): string {
  const known = [...new Set(['auto', 'cpu', 'gpu', ...devices])];
  if (!known.includes(given.text)) {
    const text = given.text.toLowerCase();
    const [, why] = unserved.find(([words]) => words.test(text)) ?? [];
    report({
      where: given.where,
      what: `There is no device ${show(given.text)}${why === undefined ? '' : `: ${why}`}; there are ${known.join(', ')}.`,
      remedy: advise(given, why === undefined ? meant(text, known) : 'cpu'),
    });
  }
  return given.text;
}
